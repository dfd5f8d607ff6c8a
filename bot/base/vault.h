#pragma once

#include <stddef.h>

/*
 * Memory for secrets alone: pages of their own, which no core dump holds, and which are not written
 * to swap where the system lets them be locked (RLIMIT_MEMLOCK). What is given back is wiped at
 * once, and its place used again. Pages stay until the program ends. Not to be shared by threads.
 */
enum { VAULT_LEN_MAX = 12 * 1024 };

/* A NUL-terminated copy, which vault_free() takes back. Ends the program without memory (mem.h). */
char *vault_strndup(const char *text, size_t len); /* at most VAULT_LEN_MAX */
void vault_free(char *text);                       /* wipes; NULL is fine */
