#include <string.h>

#include "bot/advisor/reply.h"
#include "bot/base/mem.h"
#include "bot/host/config_inside.h"
#include "bot/host/log.h"
#include "bot/host/readers.h"

const char *const config_lengths[] = {"line", "short", "full", NULL};
_Static_assert(LENGTH_LINE == 0 && LENGTH_SHORT == 1 && LENGTH_FULL == 2, "config_lengths");

static const char *const colours[] = {"auto", "always", "never", NULL};
_Static_assert(COLOUR_AUTO == 0 && COLOUR_ALWAYS == 1 && COLOUR_NEVER == 2, "colours");

static const char *const listens[] = {"addressed", "questions", NULL};
static const char *const own_listens[] = {"addressed", "questions", "bot", NULL};
_Static_assert(LISTEN_ADDRESSED == 0 && LISTEN_QUESTIONS == 1 && LISTEN_AS_BOT == 2, "listens");

static const char *const readers[] = {"auto", "0", "1", "2", "3", "4", NULL};
_Static_assert(CONFIG_READERS_AUTO == 0 && ARRAY_LEN(readers) == READERS_MAX + 3, "readers");

static const char *const sasls[] = {"no", "plain", "external", NULL};
_Static_assert(SASL_NO == 0 && SASL_PLAIN == 1 && SASL_EXTERNAL == 2, "sasls");

static const char *const levels[] = {"debug", "info", "warning", "error", NULL};
_Static_assert(LOG_LEVEL_DEBUG == 0 && LOG_LEVEL_INFO == 1 && LOG_LEVEL_WARNING == 2 &&
                   LOG_LEVEL_ERROR == 3,
               "levels");

static const char *const formats[] = {"logfmt", "json", NULL};
_Static_assert(LOG_FORMAT_LOGFMT == 0 && LOG_FORMAT_JSON == 1, "formats");

static const char *const yes_no[] = {"no", "yes", NULL};
static const char *const auto_word[] = {"auto", NULL};
static const char *const schemes[] = {"hmac", "standard", "token", NULL};
_Static_assert(SCHEME_HMAC == 0 && SCHEME_STANDARD == 1 && SCHEME_TOKEN == 2, "schemes");
static const char *const history_words[] = {"auto", "none", NULL};

const char *const config_trackers[CONFIG_TRACKERS] = {
    [CONFIG_GITHUB] = "github", [CONFIG_GITLAB] = "gitlab", [CONFIG_GITEA] = "gitea",
    [CONFIG_JIRA] = "jira",     [CONFIG_LINEAR] = "linear", [CONFIG_GENERIC] = "generic",
};

const char *const config_chats[CONFIG_CHATS] = {
    [CONFIG_MATTERMOST] = "mattermost",
    [CONFIG_ROCKETCHAT] = "rocketchat",
    [CONFIG_DISCORD] = "discord",
};

#define IRC                                                                                      \
    offsetof(struct config, irc), sizeof(struct config_irc), offsetof(struct config, irc_count), \
        CONFIG_NETWORKS_MAX
#define SLACK                                                    \
    offsetof(struct config, slack), sizeof(struct config_slack), \
        offsetof(struct config, slack_count), CONFIG_SECTIONS_MAX

#define TRACKER(kind)                                                       \
    offsetof(struct config, trackers[kind]), sizeof(struct config_tracker), \
        offsetof(struct config, tracker_counts[kind]), CONFIG_SECTIONS_MAX
#define CHAT(kind)                                                    \
    offsetof(struct config, chats[kind]), sizeof(struct config_chat), \
        offsetof(struct config, chat_counts[kind]), CONFIG_SECTIONS_MAX

static const struct config_section sections[] = {
    {"bot", LABELS_NONE, 0, 0, 0, 1, true, "What holds everywhere."},
    {"store", LABELS_NONE, 0, 0, 0, 1, true, "What `whether run` keeps on the disk."},
    {"log", LABELS_NONE, 0, 0, 0, 1, true, "What `whether run` tells on standard error."},
    {"http", LABELS_NONE, 0, 0, 0, 1, false,
     "The HTTP listener of `whether run`: /healthz, /readyz, /metrics, and what [api], [page]\n"
     "and [slack] add. It is on when one of these sections is there."},
    {"api", LABELS_NONE, 0, 0, 0, 1, false,
     "POST /api/ask: questions in JSON, and POST /mcp: the same for coding assistants. It needs a\n"
     "token, or open = yes on a loopback address."},
    {"page", LABELS_NONE, 0, 0, 0, 1, false,
     "A page to ask on, at /, and the rules as a table, at /rules."},
    {"slack", LABELS_MAY, SLACK, false,
     "A Slack app: /slack/events, /slack/commands, /slack/actions. For several workspaces there\n"
     "may be several sections, [slack NAME], each below /slack/NAME."},
    {"irc", LABELS_MUST, IRC, false, "An IRC network, by a name of your own: [irc libera]."},
    {"github", LABELS_MAY, TRACKER(CONFIG_GITHUB), false,
     "Issues and pull requests at GitHub: its webhooks go to /hooks/github. Like all trackers\n"
     "there may be several, [github NAME], each at /hooks/github/NAME."},
    {"gitlab", LABELS_MAY, TRACKER(CONFIG_GITLAB), false,
     "Issues and merge requests at GitLab: /hooks/gitlab."},
    {"gitea", LABELS_MAY, TRACKER(CONFIG_GITEA), false,
     "Issues and pull requests at Gitea or Forgejo: /hooks/gitea."},
    {"jira", LABELS_MAY, TRACKER(CONFIG_JIRA), false, "Issues in Jira Cloud: /hooks/jira."},
    {"linear", LABELS_MAY, TRACKER(CONFIG_LINEAR), false, "Issues in Linear: /hooks/linear."},
    {"generic", LABELS_MAY, TRACKER(CONFIG_GENERIC), false,
     "Any other sender of JSON: /hooks/generic. Every delivery is a question; the answer is sent\n"
     "as {\"text\": \"...\"} to the address that the delivery names."},
    {"mattermost", LABELS_MAY, CHAT(CONFIG_MATTERMOST), false,
     "Mattermost: outgoing webhooks and slash commands go to /hooks/mattermost."},
    {"rocketchat", LABELS_MAY, CHAT(CONFIG_ROCKETCHAT), false,
     "Rocket.Chat: outgoing integrations go to /hooks/rocketchat."},
    {"discord", LABELS_MAY, CHAT(CONFIG_DISCORD), false,
     "Discord, for announcements only: the `announce` of a tracker."},
};

#define BOT(name) offsetof(struct config, name)
#define API(name) offsetof(struct config, api.name)
#define PAGE(name) offsetof(struct config, page.name)
#define OF_IRC(name) offsetof(struct config_irc, name)
#define OF_SLACK(name) offsetof(struct config_slack, name)
#define OF_TRACKER(name) offsetof(struct config_tracker, name)
#define OF_CHAT(name) offsetof(struct config_chat, name)
#define TEXT_MAX_BYTES 2000
#define CHANNELS_MAX_BYTES 3900
#define POINTER_MAX_BYTES 200

#define CHAT_WEBHOOK(section)                                                       \
    {                                                                               \
        section, "webhook", CONFIG_SECRET, OF_CHAT(webhook), "", NULL, 0, 0,        \
            "The URL of an incoming webhook, for the `announce` of trackers.", NULL \
    }

#define CHAT_HEARS(section)                                                             \
    {section,                                                                           \
     "token",                                                                           \
     CONFIG_SECRET,                                                                     \
     OF_CHAT(token),                                                                    \
     "",                                                                                \
     NULL,                                                                              \
     0,                                                                                 \
     0,                                                                                 \
     "The tokens that it sends along, a line each: every webhook and command has one.", \
     NULL},                                                                             \
        {section,                                                                       \
         "path",                                                                        \
         CONFIG_TEXT,                                                                   \
         OF_CHAT(path),                                                                 \
         "auto",                                                                        \
         NULL,                                                                          \
         2,                                                                             \
         100,                                                                           \
         "Where it sends to. auto: /hooks/" section ", or /hooks/" section "/NAME.",    \
         NULL},                                                                         \
        CHAT_WEBHOOK(section)

/* What all trackers have. */
#define TRACKER_COMMON(section)                                                                \
    {section,                                                                                  \
     "secret",                                                                                 \
     CONFIG_SECRET,                                                                            \
     OF_TRACKER(secret),                                                                       \
     "",                                                                                       \
     NULL,                                                                                     \
     0,                                                                                        \
     0,                                                                                        \
     "What its deliveries are signed with. While it is being changed the file may hold two.",  \
     NULL},                                                                                    \
    {                                                                                          \
        section, "path", CONFIG_TEXT, OF_TRACKER(path), "auto", NULL, 2, 100,                  \
            "Where deliveries come in. auto: /hooks/" section ", or /hooks/" section "/NAME.", \
            NULL                                                                               \
    }

/* What those have in which people talk. */
#define TRACKER_TALK(section, default_api)                                                        \
    TRACKER_COMMON(section),                                                                      \
        {section,                                                                                 \
         "token",                                                                                 \
         CONFIG_SECRET,                                                                           \
         OF_TRACKER(token),                                                                       \
         "",                                                                                      \
         NULL,                                                                                    \
         0,                                                                                       \
         0,                                                                                       \
         "What the bot logs in with, to comment.",                                                \
         NULL},                                                                                   \
        {section,                                                                                 \
         "api",                                                                                   \
         CONFIG_URL,                                                                              \
         OF_TRACKER(api),                                                                         \
         default_api,                                                                             \
         NULL,                                                                                    \
         1,                                                                                       \
         200,                                                                                     \
         "The API's address.",                                                                    \
         default_api ? NULL : "https://tracker.example.org"},                                     \
        {section,                                                                                 \
         "listen",                                                                                \
         CONFIG_CHOICE,                                                                           \
         OF_TRACKER(listen),                                                                      \
         "bot",                                                                                   \
         own_listens,                                                                             \
         0,                                                                                       \
         0,                                                                                       \
         "addressed: mentions and labels. questions: also new issues that plainly ask. bot: as\n" \
         "in [bot].",                                                                             \
         NULL},                                                                                   \
        {section,                                                                                 \
         "ask_label",                                                                             \
         CONFIG_TEXT,                                                                             \
         OF_TRACKER(ask_label),                                                                   \
         "stack-decision",                                                                        \
         NULL,                                                                                    \
         0,                                                                                       \
         60,                                                                                      \
         "The label that asks for an answer to a ticket. Empty: none.",                           \
         NULL},                                                                                   \
        {section,                                                                                 \
         "record_label",                                                                          \
         CONFIG_TEXT,                                                                             \
         OF_TRACKER(record_label),                                                                \
         "decision-record",                                                                       \
         NULL,                                                                                    \
         0,                                                                                       \
         60,                                                                                      \
         "The label that asks for the decision record of a ticket. Empty: none.",                 \
         NULL},                                                                                   \
    {                                                                                             \
        section, "announce", CONFIG_TEXT, OF_TRACKER(announce), "", NULL, 0, 120,                 \
            "Where each answer is told as well: discord, mattermost, or a chat and a channel:\n"  \
            "irc libera, #team. Empty: nowhere.",                                                 \
            NULL                                                                                  \
    }

static const struct config_row rows[] = {
    {"bot", "name", CONFIG_TEXT, BOT(name), "whether", NULL, 1, 40,
     "What the bot calls itself, and the prompt of a conversation in the terminal.", NULL},
    {"bot", "include", CONFIG_PATH, BOT(include), "", NULL, 0, 0,
     "A folder whose files named *.ini are read after this one, in the order of their names: more\n"
     "sections of chats and trackers, a file for each workspace for instance. Empty: none.",
     NULL},
    {"bot", "packs", CONFIG_PATHS, BOT(packs), "auto", auto_word, 1, CONFIG_PATHS_MAX,
     "The knowledge packs: files or directories, at most 16, separated by commas. auto: those\n"
     "named in $WHETHER_PACKS, else ./knowledge, else the installed ones.",
     NULL},
    {"bot", "length", CONFIG_CHOICE, BOT(length), "short", config_lengths, 0, 0,
     "How long answers are: line, short or full.", NULL},
    {"bot", "colour", CONFIG_CHOICE, BOT(colour), "auto", colours, 0, 0,
     "Colours in answers: auto (on a terminal, unless $NO_COLOR is set), always or never.", NULL},
    {"bot", "history", CONFIG_PATH, BOT(history), "auto", history_words, 1, 0,
     "Where the lines typed in a conversation are kept: a file, or none. auto:\n"
     "whether/history in $XDG_STATE_HOME or ~/.local/state.",
     NULL},
    {"bot", "listen", CONFIG_CHOICE, BOT(listen), "addressed", listens, 0, 0,
     "What the bot answers in channels: addressed (what is said to it), or questions (also\n"
     "what it overhears, where that plainly asks for a choice it knows).",
     NULL},
    {"bot", "memory_days", CONFIG_NUMBER, BOT(memory_days), "14", NULL, 1, 365,
     "For how many days after its last message a conversation is remembered.", NULL},
    {"bot", "deliver_hours", CONFIG_NUMBER, BOT(deliver_hours), "24", NULL, 1, 168,
     "For how many hours the delivery of an answer is tried before it is given up.", NULL},

    {"bot", "records", CONFIG_PATH, BOT(records), "", NULL, 0, 0,
     "A folder for decision records, which the word \"record\" in a conversation asks for. Empty:\n"
     "they are only shown.",
     NULL},
    {"bot", "readers", CONFIG_CHOICE, BOT(readers), "auto", readers, 0, 0,
     "How many threads of `whether run` read along when many write at once, beside the one that\n"
     "does everything else: 0 to 4. auto: one, where there is more than one processor.",
     NULL},
    {"bot", "confine", CONFIG_CHOICE, BOT(confine), "yes", yes_no, 0, 0,
     "Whether `whether run` confines itself once it has started: to the folders that this file\n"
     "names and those of the system, and to the system calls that it needs. A new folder in\n"
     "this file then takes a restart. no: where that stands in the way of something; the log says\n"
     "what was refused.",
     NULL},

    {"store", "path", CONFIG_PATH, BOT(store), "whether.db", NULL, 1, 0,
     "The file with conversations, answers on their way and questions not understood. Only one\n"
     "process may use it.",
     NULL},
    {"store", "store", CONFIG_TEXT, BOT(redis.url), "", NULL, 0, TEXT_MAX_BYTES,
     "A Redis or Valkey in place of that file, for replicas that share the work:\n"
     "redis://[USER@]HOST[:PORT][/DB], rediss:// with TLS, unix://[USER@]/PATH[?db=DB]. Empty: "
     "the\n"
     "file.",
     NULL},
    {"store", "password", CONFIG_SECRET, BOT(redis.password), "", NULL, 0, 0,
     "The password for Redis, of USER or of its default user.", NULL},
    {"store", "ca_file", CONFIG_FILE, BOT(redis.ca_file), "", NULL, 0, 0,
     "The authorities that may sign Redis's certificate (PEM). Empty: the system's.", NULL},
    {"store", "cert_file", CONFIG_FILE, BOT(redis.cert_file), "", NULL, 0, 0,
     "Our own certificate (PEM), where Redis asks for one.", NULL},
    {"store", "key_file", CONFIG_FILE, BOT(redis.key_file), "", NULL, 0, 0,
     "Its private key (PEM).", NULL},
    {"store", "prefix", CONFIG_TEXT, BOT(redis.prefix), "whether", NULL, 1, 100,
     "What all keys in Redis begin with: replicas with the same one share the work.", NULL},

    {"log", "level", CONFIG_CHOICE, BOT(log_level), "info", levels, 0, 0,
     "The least that is told: debug, info, warning or error.", NULL},
    {"log", "format", CONFIG_CHOICE, BOT(log_format), "logfmt", formats, 0, 0,
     "logfmt (key=value) or json, one line an event.", NULL},
    {"log", "messages", CONFIG_CHOICE, BOT(log_messages), "no", yes_no, 0, 0,
     "yes: also what people write. Their words are theirs; leave it at no.", NULL},

    {"http", "listen", CONFIG_ADDRESS, BOT(http_listen), "127.0.0.1:8080", NULL, 1, 0,
     "Address and port: 127.0.0.1:8080, [::1]:8080, or *:8080 for every address. It speaks\n"
     "plain HTTP: put a proxy that has TLS in front.",
     NULL},
    {"http", "per_address", CONFIG_NUMBER, BOT(http_per_address), "60", NULL, 0, 6000,
     "How many refused requests (a wrong signature or token, no such path) an address may make in\n"
     "a minute, or ten times as many of the page, before it gets 429. IPv6: a /64. Signed\n"
     "deliveries are not counted. 0: any number.",
     NULL},
    {"http", "proxies", CONFIG_TEXT, BOT(http_proxies), "", NULL, 0, 1000,
     "Addresses of proxies, commas between, whose X-Forwarded-For is believed when requests are\n"
     "counted. Loopback and private addresses are not counted unless they are named here.",
     NULL},

    {"api", "token", CONFIG_SECRET, API(token), "", NULL, 0, 0,
     "What a client must send as \"Authorization: Bearer TOKEN\".", NULL},
    {"api", "open", CONFIG_CHOICE, API(open), "no", yes_no, 0, 0,
     "yes: without a token, for everybody on this machine.", NULL},
    {"api", "origins", CONFIG_TEXT, API(origins), "", NULL, 0, TEXT_MAX_BYTES,
     "Origins of web pages that may ask from a browser (CORS), separated by commas:\n"
     "https://intranet.example.org. Empty: none.",
     NULL},

    {"page", "hosts", CONFIG_TEXT, PAGE(hosts), "localhost, 127.0.0.1, [::1]", NULL, 1,
     TEXT_MAX_BYTES,
     "The names under which browsers reach it, separated by commas: whether.example.org. *: any\n"
     "name; then a web page elsewhere can read it through a browser here.",
     NULL},
    {"page", "address", CONFIG_URL, PAGE(address), "", NULL, 0, 200,
     "The page's address as people have it, https://whether.example.org. With [bot] records\n"
     "whoever asks for a record in a chat gets a link to it there. Empty: no links.",
     NULL},
    {"page", "gaps_token", CONFIG_SECRET, PAGE(gaps_token), "", NULL, 0, 0,
     "The password for /gaps, what was asked and not understood. Without it there is no /gaps.",
     NULL},

    {"slack", "signing_secret", CONFIG_SECRET, OF_SLACK(signing_secret), "", NULL, 0, 0,
     "The app's signing secret (Basic Information, App Credentials). While it is being changed\n"
     "the file may hold two, a line each.",
     NULL},
    {"slack", "bot_token", CONFIG_SECRET, OF_SLACK(bot_token), "", NULL, 0, 0,
     "The bot token, xoxb-... (OAuth & Permissions): for answers to mentions and messages.", NULL},
    {"slack", "webhook", CONFIG_SECRET, OF_SLACK(webhook), "", NULL, 0, 0,
     "The URL of an incoming webhook, for answers where there is no bot token.", NULL},
    {"slack", "path", CONFIG_TEXT, OF_SLACK(path), "auto", NULL, 2, 100,
     "Below which path Slack reaches us. auto: /slack, or /slack/NAME for [slack NAME].", NULL},
    {"slack", "team", CONFIG_TEXT, OF_SLACK(team), "", NULL, 0, 40,
     "The workspace's id, T...: others are refused. Empty: any that knows the signing secret.",
     NULL},
    {"slack", "listen", CONFIG_CHOICE, OF_SLACK(listen), "bot", own_listens, 0, 0,
     "addressed or questions, for this workspace's channels. bot: as in [bot].", NULL},
    {"slack", "api", CONFIG_URL, OF_SLACK(api), "https://slack.com/api", NULL, 1, 200,
     "The Web API.", NULL},
    {"slack", "response_hosts", CONFIG_TEXT, OF_SLACK(response_hosts), "hooks.slack.com", NULL, 0,
     TEXT_MAX_BYTES, "Hosts that a response_url may name, separated by commas.", NULL},

    {"irc", "server", CONFIG_ADDRESS, OF_IRC(server), NULL, NULL, 0, 0,
     "Server and port. This key is needed.", "irc.libera.chat:6697"},
    {"irc", "tls", CONFIG_CHOICE, OF_IRC(tls), "yes", yes_no, 0, 0,
     "yes: TLS, with the server's certificate and name verified.", NULL},
    {"irc", "ca_file", CONFIG_FILE, OF_IRC(ca_file), "", NULL, 0, 0,
     "The authorities that may sign the server's certificate (PEM). Empty: the system's.", NULL},
    {"irc", "cert_file", CONFIG_FILE, OF_IRC(cert_file), "", NULL, 0, 0,
     "Our own certificate (PEM), for sasl = external.", NULL},
    {"irc", "key_file", CONFIG_FILE, OF_IRC(key_file), "", NULL, 0, 0,
     "Its private key (PEM). Empty: it is in cert_file.", NULL},
    {"irc", "nick", CONFIG_TEXT, OF_IRC(nick), "whether", NULL, 1, 30, "The bot's nick.", NULL},
    {"irc", "username", CONFIG_TEXT, OF_IRC(username), "whether", NULL, 1, 30,
     "The user name (ident).", NULL},
    {"irc", "realname", CONFIG_TEXT, OF_IRC(realname), "whether, a bot: node or django?", NULL, 1,
     100, "What WHOIS shows as its name.", NULL},
    {"irc", "channels", CONFIG_TEXT, OF_IRC(channels), "", NULL, 0, CHANNELS_MAX_BYTES,
     "Channels to join, separated by commas, each with its key if it has one: #a, #b key.", NULL},
    {"irc", "listen", CONFIG_CHOICE, OF_IRC(listen), "bot", own_listens, 0, 0,
     "addressed or questions, for this network's channels. bot: as in [bot].", NULL},
    {"irc", "notice", CONFIG_CHOICE, OF_IRC(notice), "no", yes_no, 0, 0,
     "yes: answers in channels are NOTICEs instead of ordinary messages.", NULL},
    {"irc", "sasl", CONFIG_CHOICE, OF_IRC(sasl), "no", sasls, 0, 0,
     "How to log in: plain (sasl_user and a password), external (cert_file), or no. Without\n"
     "the log-in no channel is joined.",
     NULL},
    {"irc", "sasl_user", CONFIG_TEXT, OF_IRC(sasl_user), "", NULL, 0, 100,
     "The account's name; it is not the nick.", NULL},
    {"irc", "sasl_password", CONFIG_SECRET, OF_IRC(sasl_password), "", NULL, 0, 0,
     "The account's password.", NULL},
    {"irc", "server_password", CONFIG_SECRET, OF_IRC(server_password), "", NULL, 0, 0,
     "The server's password (PASS), also for bouncers.", NULL},
    {"irc", "nickserv_password", CONFIG_SECRET, OF_IRC(nickserv_password), "", NULL, 0, 0,
     "For networks without SASL: what NickServ is told.", NULL},

    TRACKER_TALK("github", "https://api.github.com"),
    TRACKER_TALK("gitlab", "https://gitlab.com/api/v4"),
    TRACKER_TALK("gitea", NULL),
    TRACKER_TALK("jira", NULL),
    {"jira", "user", CONFIG_TEXT, OF_TRACKER(user), "", NULL, 0, 100,
     "The mail address of the account whose API token it is.", NULL},
    TRACKER_TALK("linear", "https://api.linear.app/graphql"),
    {"linear", "window", CONFIG_NUMBER, OF_TRACKER(window_s), "60", NULL, 10, 86400,
     "For how many seconds a delivery is taken after it was signed; later it could be a replay.",
     NULL},

    TRACKER_COMMON("generic"),
    {"generic", "scheme", CONFIG_CHOICE, OF_TRACKER(scheme), "hmac", schemes, 0, 0,
     "hmac: hex HMAC-SHA256 of the body in signature_header. standard: Standard Webhooks. token:\n"
     "the secret itself in signature_header.",
     NULL},
    {"generic", "signature_header", CONFIG_TEXT, OF_TRACKER(signature_header),
     "X-Hub-Signature-256", NULL, 1, 100, "The header with the signature or token.", NULL},
    {"generic", "signature_prefix", CONFIG_TEXT, OF_TRACKER(signature_prefix), "sha256=", NULL, 0,
     20, "What stands before the hex digits; empty for nothing.", NULL},
    {"generic", "text", CONFIG_TEXT, OF_TRACKER(text), "/text", NULL, 1, POINTER_MAX_BYTES,
     "Where in the body the question stands: a JSON pointer (RFC 6901).", NULL},
    {"generic", "id", CONFIG_TEXT, OF_TRACKER(id), "/id", NULL, 1, POINTER_MAX_BYTES,
     "Where the id of the ticket or thread stands: what has the same id is one conversation.",
     NULL},
    {"generic", "author", CONFIG_TEXT, OF_TRACKER(author), "", NULL, 0, POINTER_MAX_BYTES,
     "Where its author stands. Empty: the body does not say.", NULL},
    {"generic", "reply", CONFIG_TEXT, OF_TRACKER(reply), "/reply", NULL, 1, POINTER_MAX_BYTES,
     "Where the address for the answer stands.", NULL},
    {"generic", "reply_hosts", CONFIG_TEXT, OF_TRACKER(reply_hosts), "", NULL, 0, TEXT_MAX_BYTES,
     "Hosts that this address may name, separated by commas. Others are refused.", NULL},
    {"generic", "token", CONFIG_SECRET, OF_TRACKER(token), "", NULL, 0, 0,
     "What the answer carries as \"Authorization: Bearer TOKEN\"; none without it.", NULL},

    CHAT_HEARS("mattermost"),
    CHAT_HEARS("rocketchat"),
    CHAT_WEBHOOK("discord"),
};

_Static_assert(ARRAY_LEN(rows) == CONFIG_ROW_COUNT, "CONFIG_ROW_COUNT");
_Static_assert(ARRAY_LEN(sections) == CONFIG_SECTION_COUNT, "CONFIG_SECTION_COUNT");

const struct config_section *config_sections(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(sections);
    return sections;
}

const struct config_row *config_rows(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(rows);
    return rows;
}

int config_section_find(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (strlen(sections[i].name) == len && memcmp(sections[i].name, name, len) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const struct config_row *config_row_find(const char *section, const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].section, section) == 0 && strcmp(rows[i].key, key) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

const struct config_row *config_rows_of(const char *section, size_t *ret_count)
{
    size_t first = 0, count = 0;
    while (first < ARRAY_LEN(rows) && strcmp(rows[first].section, section) != 0) {
        first++;
    }
    while (first + count < ARRAY_LEN(rows) && strcmp(rows[first + count].section, section) == 0) {
        count++;
    }
    *ret_count = count;
    return &rows[first];
}

void *config_item(const struct config *config, const struct config_section *section,
                  size_t instance)
{
    /* Who may change it is up to who has the configuration. */
    union {
        const void *from;
        char *to;
    } at = {.from = config};
    return section->labels == LABELS_NONE
               ? at.to
               : *(char **)(at.to + section->items) + instance * section->stride;
}

/* Doubled whenever the count is a power of two, so that the capacity need not be kept. */
size_t config_append(struct config *config, const struct config_section *section, char *label)
{
    char **items = (char **)((char *)config + section->items);
    size_t *count = (size_t *)((char *)config + section->count), instance = *count;
    if ((instance & (instance - 1)) == 0) {
        *items = mem_grow(*items, instance == 0 ? 1 : 2 * instance, section->stride);
    }
    memset(*items + instance * section->stride, 0, section->stride);
    *(char **)(*items + instance * section->stride) = label; /* the first field of each */
    *count = instance + 1;
    return instance;
}

size_t config_count(const struct config *config, const struct config_section *section)
{
    return section->labels == LABELS_NONE
               ? 1
               : *(const size_t *)((const char *)config + section->count);
}

bool config_is_idle(const struct config *config)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (sections[i].labels != LABELS_NONE && config_count(config, &sections[i]) > 0) {
            return false;
        }
    }
    return !config->has_api && !config->has_page;
}
