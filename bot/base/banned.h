#pragma once

/*
 * Force-included into every file of ours (-include bot/base/banned.h): functions that overrun
 * buffers, hide errors or share static storage become compile errors. Use buf_printf(), snprintf(),
 * strtol(), gmtime_r() and their like instead.
 *
 * The headers that declare those functions come first, because a poisoned name may not even be
 * declared. Hence feature macros (_POSIX_C_SOURCE, _GNU_SOURCE) belong on the compiler's command
 * line: defined inside a file they would come too late.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Some C libraries make macros of these when _FORTIFY_SOURCE is on. */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef gets
#undef strtok

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll atof
#pragma GCC poison gmtime localtime ctime asctime
