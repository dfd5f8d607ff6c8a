#pragma once

#include <stdbool.h>

/*
 * What a process that holds secrets and listens to strangers takes from itself.
 */
struct error;

/*
 * For the process, from now on: no program that it starts gains rights (PR_SET_NO_NEW_PRIVS), it
 * leaves no core, and others of the same user can neither read its memory nor trace it
 * (PR_SET_DUMPABLE). False when the system refuses one.
 */
bool confine_process(struct error *err);
