#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/secret.h"

/*
 * The configuration file: INI, read by inih. Two tables (config_rows.c) say what may be in it: its
 * sections, and their keys. They drive the parser, the defaults, config.example.ini and the section
 * "Configuration" of docs/commands.md. Adding a key is one row and one field.
 *
 * Strict: unknown sections and keys, keys set twice, values out of their bounds, lines that are no
 * INI, lines over CONFIG_LINE_MAX bytes and files over CONFIG_FILE_MAX are faults, each told with
 * file and line, all at once. What [bot] include names is read after the file itself: the *.ini of
 * a folder, in the order of their names, each as if it stood there, but for sections of chats and
 * trackers only. LF and CR LF, with or without a BOM. " ;" begins a comment within a line. Not
 * thread-safe: inih is set up through its global variables.
 */
struct buf;
struct error;
struct fault_list;

enum {
    CONFIG_SECTIONS_MAX = 10000, /* of one kind: [slack a], [slack b] ... */
    CONFIG_NETWORKS_MAX = 64,    /* [irc a] ...: each has a socket, and a lease (store_lease()) */
    CONFIG_FILE_MAX = 4 * 1024 * 1024,
    CONFIG_LINE_MAX = 4000,
    CONFIG_PATHS_MAX = 16,
    CONFIG_LABEL_MAX = 32,     /* bytes of NAME in [irc NAME]: letters, digits, "-", "_", "." */
    CONFIG_CHANNELS_MAX = 256, /* of one network; then bytes of a name, and of a key */
    CONFIG_CHANNEL_LEN_MAX = 127,
    CONFIG_CHANNEL_KEY_MAX = 63,
};

enum config_type {
    CONFIG_TEXT,    /* char *: min to max bytes of UTF-8 without control characters */
    CONFIG_NUMBER,  /* int: min to max */
    CONFIG_CHOICE,  /* int: index into choices */
    CONFIG_PATH,    /* char *: a choice as it stands, or a path, relative to the file's directory */
    CONFIG_FILE,    /* char *: the same for a file that must be readable; "" none */
    CONFIG_PATHS,   /* struct config_paths: at most max, commas between; a choice empties it */
    CONFIG_ADDRESS, /* char *: HOST:PORT, [IPV6]:PORT; a host of * where min is 1 */
    CONFIG_URL,     /* char *: https://..., http:// to this machine only; "" where min is 0 */
    CONFIG_SECRET,  /* struct secret_source: the keys KEY_file and KEY_env */
};

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct config_paths {
    char *items[CONFIG_PATHS_MAX];
    size_t count;
};

/* In a section of its own, "bot" is the default: config_load() puts that of [bot] in its place. */
enum listen { LISTEN_ADDRESSED, LISTEN_QUESTIONS, LISTEN_AS_BOT };

/* [irc LABEL]: one network. */
struct config_irc {
    char *label;
    char *server;                         /* host:port */
    int tls;                              /* enum: no, yes */
    char *ca_file, *cert_file, *key_file; /* "" none */
    char *nick, *username, *realname;
    char *channels; /* "#a, #b key" */
    int sasl;       /* enum config_sasl */
    char *sasl_user;
    struct secret_source sasl_password, server_password, nickserv_password;
    int listen; /* enum listen: the same in all its channels */
    int notice; /* answer channels by NOTICE instead of PRIVMSG */
};
enum config_sasl { SASL_NO, SASL_PLAIN, SASL_EXTERNAL };

/* [slack] or [slack LABEL]: one app in one workspace (or incoming-webhook-only). */
struct config_slack {
    char *label; /* "" for plain [slack] */
    char *path;  /* "/slack" or "/slack/LABEL": events, commands, actions lie below it */
    char *api;   /* https://slack.com/api */
    char *team;  /* "": any that has the signing secret */
    struct secret_source signing_secret, bot_token, webhook;
    int listen;
    char *response_hosts; /* hosts that response_url may name, commas between */
};

/* The trackers that a section may be of; each is a kind of adapter (adapters/tracker.h). */
enum config_tracker_kind {
    CONFIG_GITHUB,
    CONFIG_GITLAB,
    CONFIG_GITEA,
    CONFIG_JIRA,
    CONFIG_LINEAR,
    CONFIG_GENERIC,
    CONFIG_TRACKERS
};

extern const char *const config_trackers[CONFIG_TRACKERS]; /* "github" ... */

/* [github], [gitlab LABEL] ...: one account at one tracker. */
struct config_tracker {
    char *label;
    char *path;                         /* "/hooks/github" or "/hooks/github/LABEL" */
    char *api;                          /* "" for generic */
    char *user;                         /* Jira: whose token it is */
    struct secret_source secret, token; /* what deliveries are signed with; what we log in with */
    int listen;
    char *ask_label, *record_label; /* of tickets; "" none */
    int window_s;                   /* Linear and generic: how old a delivery may be */
    int scheme;                     /* generic: enum config_scheme */
    char *signature_header, *signature_prefix;
    char *text, *id, *author, *reply; /* generic: JSON pointers */
    char *reply_hosts;
    char *announce; /* "slack, C0123": where answers are told as well; "" nowhere */
};

/* The chats that talk by webhooks; each is a kind of adapter (adapters/chathook.h). */
enum config_chat_kind { CONFIG_MATTERMOST, CONFIG_ROCKETCHAT, CONFIG_DISCORD, CONFIG_CHATS };
extern const char *const config_chats[CONFIG_CHATS]; /* "mattermost" ... */

/* [mattermost], [rocketchat LABEL], [discord] ... */
struct config_chat {
    char *label;
    char *path;                          /* "/hooks/mattermost"; unused for Discord */
    struct secret_source token, webhook; /* what it sends along; the incoming webhook's URL */
};

enum config_scheme { SCHEME_HMAC, SCHEME_STANDARD, SCHEME_TOKEN };

/* [api] */
struct config_api {
    struct secret_source token;
    int open;      /* without a token: only on a loopback address */
    char *origins; /* of web pages that may ask, commas between; "" none */
};

/* [page] */
struct config_page {
    char *hosts;                     /* names under which it is served, commas between; "*" any */
    char *address;                   /* as people reach it, for links; "" nobody is told */
    struct secret_source gaps_token; /* none: no /gaps */
};

/* [store] store and what belongs to it. */
struct config_redis {
    char *url;    /* redis_address.h; "": SQLite */
    char *prefix; /* of all keys */
    struct secret_source password;
    char *ca_file, *cert_file, *key_file;
};

enum { CONFIG_READERS_AUTO };

struct config {
    char *name;                /* what the bot calls itself */
    char *include;             /* a folder with more sections of chats and trackers; "" none */
    struct config_paths packs; /* none: look in the usual places (program.h) */
    int length;                /* enum reply_length of answers */
    int colour;                /* enum colour */
    char *history;             /* "auto", "none" or a path */
    int listen;                /* enum listen: the default of every section that has none */
    int memory_days;           /* how long a conversation is remembered */
    int deliver_hours;         /* how long a delivery is tried */
    char *records;             /* where decision records are written; "" nowhere */
    int readers;               /* CONFIG_READERS_AUTO, or a number of threads + 1 */
    int confine;               /* whether the daemon confines itself (confine.h) */
    char *store;               /* [store] path */
    struct config_redis redis; /* [store], when it is shared */
    char *http_listen;         /* [http] listen; "" none, when nothing needs it */
    int http_per_address;      /* refused requests a minute; 0: any number */
    char *http_proxies;        /* addresses, commas between */
    int log_level, log_format, log_messages;
    struct config_api api;
    bool has_api;
    struct config_page page;
    bool has_page;
    struct config_irc *irc; /* owned, as the arrays below */
    size_t irc_count;
    struct config_slack *slack;
    size_t slack_count;
    struct config_tracker *trackers[CONFIG_TRACKERS];
    size_t tracker_counts[CONFIG_TRACKERS];
    struct config_chat *chats[CONFIG_CHATS];
    size_t chat_counts[CONFIG_CHATS];
};

/* A kind of section: one, or one for each label. */
enum config_labels { LABELS_NONE, LABELS_MAY, LABELS_MUST };

struct config_section {
    const char *name;
    enum config_labels labels;
    size_t items, stride; /* labelled ones only: offset in struct config of the array's pointer */
    size_t count;         /* and of the number of instances, which is max at most */
    size_t max;
    bool needed; /* the example shows it switched on: it changes nothing */
    const char *help;
};

struct config_row {
    const char *section, *key;
    enum config_type type;
    size_t field;               /* offset in struct config, or in the section's own struct */
    const char *default_text;   /* goes through the same parser as a file's value; NULL: required */
    const char *const *choices; /* NULL-terminated, or NULL */
    size_t min, max;    /* bytes of a text, number of paths, a number; unused for a choice */
    const char *help;   /* one or more lines, without a final line feed */
    const char *sample; /* shown in the example in place of a required key's default */
};

const struct config_section *config_sections(size_t *ret_count);
const struct config_row *config_rows(size_t *ret_count);

/* "line", "short", "full", in the order of enum reply_length, NULL-terminated. */
extern const char *const config_lengths[];

/* The defaults; config_finish() frees what they hold. */
void config_init(struct config *ret);
void config_finish(struct config *config); /* a zeroed one is fine */

/*
 * Defaults overlaid with the file. On failure *ret is untouched and faults holds at least one.
 * files: the secrets and certificates that it names must be there and fit to be used, too, and what
 * it includes is read: what the daemon and `whether check` want to know, but not who only asks.
 */
bool config_load(const char *path, bool files, struct config *ret, struct fault_list *faults);

/*
 * The same from memory; `path` is for messages and for relative files. Any bytes: what fuzz targets
 * and tests call.
 */
bool config_parse(const char *path, const char *text, size_t len, bool files, struct config *ret,
                  struct fault_list *faults);

/* No section of any adapter is there. */
bool config_is_idle(const struct config *config);

/* Whether this build has the adapter of a kind of section: "irc", "api" ... */
bool config_is_built(const char *kind);

/*
 * A section of a kind that this build lacks must not be passed over in silence. path: of the
 * configuration, for messages; NULL: none. False: there is one, and faults tells.
 */
bool config_check_built(const struct config *config, const char *path, struct fault_list *faults);

/*
 * Warns of what the daemon could not do under whether.service, where that unit is here and runs
 * with this configuration: what its sandbox hides or keeps from being written and, told by root,
 * what its user may not read or write. root: "", or where a test has such a machine.
 */
void config_check_unit(struct config *config, const char *path, const char *root,
                       struct fault_list *warnings);

/* "libera" of [irc libera], "" of a section without a label. Borrowed. */
const char *config_label(const struct config *config, const char *section, size_t instance);

/*
 * A number for all that an instance of a section says, the contents of its secrets and certificates
 * included: what has to be started anew after a reload is what has another number now.
 */
uint64_t config_fingerprint(const struct config *config, const char *section, size_t instance);

/*
 * What [irc NAME] channels says, "#a, #b key"; it borrows from the text. False with a sentence in
 * err when it is not that: for a configuration that was loaded it is.
 */
struct config_span {
    const char *at;
    size_t len;
};
struct config_channel {
    struct config_span name, key; /* key.len 0: none */
};
bool config_channels(const char *text, struct config_channel ret[CONFIG_CHANNELS_MAX],
                     size_t *ret_count, struct error *err);

/* Whether "HOST:PORT" is one of this machine's own addresses that nobody else can reach. */
bool config_loopback(const char *address);

/* What config.example.ini holds: every key with its help, its default commented out. */
void config_example(struct buf *ret);

/* The same as the table of docs/commands.md, in Markdown. */
void config_documentation(struct buf *ret);
