#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What a process that holds secrets and listens to strangers takes from itself, in three steps, of
 * which none can be taken back. Linux only; knows nothing of what the process is for.
 */
struct error;

/*
 * For the process, from now on: no program that it starts gains rights (PR_SET_NO_NEW_PRIVS), it
 * leaves no core, and others of the same user can neither read its memory nor trace it
 * (PR_SET_DUMPABLE); root keeps few of its capabilities. False when the system refuses one.
 */
bool confine_process(struct error *err);

/* ---- files: Landlock ---- */

/* A folder with all below it, or one file. */
struct confine_place {
    char *path; /* owned */
    bool writes;
};

struct confine_places {
    struct confine_place *items; /* owned */
    size_t count;
};

/* Adds the folder that holds a file, and where the file is a link, that which it leads to. */
void confine_add_file(struct confine_places *places, const char *path, bool writes);
/* Adds the file or folder itself. */
void confine_add(struct confine_places *places, const char *path, bool writes);
/* Adds a folder to read, and those that hold what links in it lead to; or a file. */
void confine_add_folder(struct confine_places *places, const char *path);
void confine_places_finish(struct confine_places *places); /* a zeroed one is fine */

/* How much of it holds, in words for the log and for people. */
struct confine_state {
    bool whole;
    char text[160];
};

/*
 * This thread, and those that it starts from now on (so call it before any starts), reach no other
 * files than these and those of the system that resolving names, TLS and loading their libraries
 * need; they start no program, and neither signal processes nor reach abstract sockets outside. A
 * place is the folder that has its name now: one that takes the name later is another. Places that
 * are not there are passed over. False: the kernel has Landlock and refuses; where it has none, or
 * knows less, *ret says so. Requires confine_process().
 */
bool confine_files(const struct confine_places *places, struct confine_state *ret,
                   struct error *err);

/* ---- system calls: seccomp ---- */

/*
 * All threads make no other system calls than those on a list (confine_calls.c). What nobody but an
 * intruder would try ends the process by SIGSYS; anything else is refused, noted, and goes on
 * without. Requires confine_process(). False: the kernel has filters and refuses this one.
 */
bool confine_calls(struct confine_state *ret, struct error *err);

/*
 * The call refused last, and how many were refused since somebody asked; 0: none, and *ret_name is
 * untouched. From any thread.
 */
enum { CONFINE_NAME_MAX = 40 };
size_t confine_refused(char ret_name[CONFINE_NAME_MAX]);
