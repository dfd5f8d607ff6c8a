#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What a service of systemd's may see and write, as far as its unit says so: whether.service is
 * confined to its own folders, so a path that is right for whoever types `whether check` may be
 * wrong for the daemon. Knows the settings that whether.service uses and those that lift them
 * (unit_setting in unit.c), no specifiers; knows nothing of configurations. Pure but for
 * unit_load().
 */
struct fault_list;

enum { UNIT_PATHS_MAX = 64 };

struct unit_paths {
    char *items[UNIT_PATHS_MAX]; /* owned; absolute, without a slash at the end */
    size_t count;
};

struct unit {
    char *user, *config; /* owned; User=, what follows -c in ExecStart=; NULL: none */
    struct unit_paths writable, visible; /* as ReadWritePaths= says; BindPaths= and the like */
    struct unit_paths given; /* writable, too, whatever ReadWritePaths= says: StateDirectory= */
    bool strict;             /* ProtectSystem=strict: nothing else may be written */
    bool homeless;           /* ProtectHome=yes */
    bool private_tmp;        /* PrivateTmp=yes */
};

/* What stands in the way, for a human: "ProtectSystem=strict". NULL: nothing of this. */
const char *unit_hinders(const struct unit *unit, const char *path, bool write);

/* A unit, or a drop-in that changes what was read before. */
void unit_read(struct unit *unit, const char *text, size_t len);

/*
 * The unit of this name below root ("" is the machine's), with its drop-ins. False: there is none,
 * or systemd does not run here.
 */
bool unit_load(const char *root, const char *name, struct unit *ret);

void unit_finish(struct unit *unit); /* a zeroed one is fine */
