#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/adapter.h"
#include "adapters/health.h"
#include "bot/base/error.h"
#include "bot/host/confine.h"
#include "bot/host/metrics.h"
#include "bot/host/program.h"

/*
 * What the files of the daemon share: daemon_load.c reads configuration and packs, daemon_set_up.c
 * opens and closes all the rest, daemon.c turns and stops, daemon_adapters.c has what runs,
 * daemon_reload.c changes it, daemon_try.c tries it, daemon_confine.c says what the process may do,
 * daemon_libraries.c what it runs with. Not for anybody else.
 */
struct dispatch;
struct fault_list;
struct http_client;
struct http_server;
struct loop;
struct metrics;
struct store;

/* A configuration as it was read once. Adapters point into theirs (adapter_ops.follow). */
struct generation {
    struct config config;
    size_t users;
};

/* One instance of one kind. */
struct running {
    struct adapter *adapter; /* owned */
    struct generation *generation;
    uint64_t fingerprint;
    bool stopped; /* it has said good-bye */
};

struct daemon {
    struct program_options options; /* borrowed: argv */
    struct program program;         /* its config is a shallow copy of the newest generation's */
    struct generation *newest;
    struct loop *loop;
    struct store *store; /* NULL when only trying */
    struct metrics *metrics;
    struct dispatch *dispatch;
    struct http_client *client;
    struct http_server *server; /* NULL: nothing needs one */
    struct running *running;    /* owned */
    struct adapter **adapters;  /* the same, for /readyz */
    size_t count, cap;
    struct adapter **polled; /* those of them that are asked each turn: few */
    size_t polled_count;
    void **common; /* adapter_setup.common, by the place in adapter_table */
    struct health_view view;
    int signals;                                         /* signalfd */
    struct confine_state files_confined, calls_confined; /* no text: not tried */
    bool trying;
    struct error listen_failed; /* when trying: why another port had to do */
    bool stopping, hurried, reloading;
    uint64_t stop_at_ms, drained_at_ms; /* monotonic */
    int64_t next_send_ms;               /* wall clock */
    uint64_t next_expire_ms;
};

/* ---- daemon_load.c ---- */

/* Loads configuration and packs; *ret is a program whose config belongs to *ret_generation. */
bool daemon_load(const struct program_options *options, struct program *ret,
                 struct generation **ret_generation, struct fault_list *faults);
void daemon_drop_generation(struct generation *generation, struct program *program);

/* How many packs have a learned model, for the log: a lost file makes it read worse, in silence. */
size_t daemon_models(const struct daemon *daemon);

/* A folder of records that cannot be written is no reason to stay away; the log tells of it. */
void daemon_look_at_records(const struct daemon *daemon);

/* ---- daemon_set_up.c ---- */

/* What daemon_create() does; trying: without a store. */
bool daemon_set_up(const struct program_options *options, bool trying, struct daemon **ret);

/* The listener that the newest configuration asks for, NULL for none. */
bool daemon_open_server(struct daemon *daemon, struct http_server **ret, struct error *err);
/* What [http] says of addresses, for a server that is there already; NULL is fine. */
bool daemon_set_rate(const struct daemon *daemon, struct http_server *server, struct error *err);
void daemon_use_server(struct daemon *daemon, struct http_server *server);
void daemon_tell_server(const struct daemon *daemon);

/* ---- daemon.c ---- */

/* One turn of the loop; false when waiting failed, which was told. */
bool daemon_turn(struct daemon *daemon);

/* ---- daemon_confine.c ---- */

/*
 * What the configuration has the process confine itself to. Files before any thread starts, system
 * calls when everything is set up; nothing where it says no. False: it cannot, though the kernel
 * could.
 */
bool daemon_confine_files(struct daemon *daemon, struct error *err);
bool daemon_confine_calls(struct daemon *daemon, struct error *err);

/* In words; returns ret. *ret_whole: nothing of what was asked for is missing. */
enum { DAEMON_CONFINEMENT_MAX = 2 * sizeof(((struct confine_state *)0)->text) + 2 };
const char *daemon_confinement(const struct daemon *daemon, char ret[DAEMON_CONFINEMENT_MAX],
                               bool *ret_whole);
void daemon_tell_confinement(const struct daemon *daemon);

/* System calls refused since it was last called, to the log. */
void daemon_tell_refused(void);

/* ---- daemon_libraries.c ---- */

/*
 * The libraries that are there: those too old are faults, doubtful ones a warning. In words, each
 * with its version, for the log and for people; returns ret.
 */
enum { DAEMON_LIBRARIES_MAX = 1200 };
void daemon_check_libraries(struct fault_list *faults);
const char *daemon_libraries(char ret[DAEMON_LIBRARIES_MAX], bool *ret_fine);

/* ---- daemon_adapters.c ---- */

void daemon_adapters_init(struct daemon *daemon);
void daemon_adapters_finish(struct daemon *daemon); /* removes them all */

/* A new adapter of the newest configuration, not yet started. kind: its place in adapter_table. */
bool daemon_add(struct daemon *daemon, size_t kind, size_t instance, struct error *err);
void daemon_start(struct daemon *daemon, struct running *running);
void daemon_remove(struct daemon *daemon, size_t index);

/* It stays as it is, with the newest configuration in place of its own. */
void daemon_keep(struct daemon *daemon, size_t index, size_t instance);

/* ---- daemon_reload.c ---- */

/* SIGHUP. */
void daemon_reload(struct daemon *daemon);
