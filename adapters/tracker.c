#include "adapters/tracker.h"

#include <stdio.h>

#include <nettle/base64.h>

#include "adapters/http_body.h"
#include "adapters/http_server.h"
#include "adapters/tracker_inside.h"
#include "bot/advisor/advisor.h"
#include "bot/advisor/record.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"

static bool format(struct adapter *adapter, const struct message *message,
                   const struct outcome *outcome, const struct reply *reply, struct buf *payload)
{
    const struct tracker *tracker = (const struct tracker *)adapter;
    struct document document;
    (void)message;
    document_begin(&document, tracker->kind->markup, payload);
    if (outcome->ask.about == ASK_RECORD) {
        record_decision(&document, outcome);
    } else {
        record_comment(&document, outcome, reply);
    }
    return document_end(&document);
}

static void status(const struct adapter *adapter, struct adapter_status *ret)
{
    *ret = ((const struct tracker *)adapter)->status;
}

static void destroy(struct adapter *adapter)
{
    struct tracker *tracker = (struct tracker *)adapter;
    if (tracker == NULL) {
        return;
    }
    tracker_drop_calls(tracker);
    if (tracker->setup.server != NULL) {
        http_server_unroute(tracker->setup.server, tracker);
    }
    secret_drop(tracker->authorization);
    secret_finish(&tracker->secret);
    secret_finish(&tracker->token);
    mem_free(tracker->base.name);
    mem_free(tracker);
}

/* "user:token" as Basic authentication wants it. */
static char *basic(const char *lead, const char *user, const char *token)
{
    char plain[SECRET_LEN_MAX + 200], coded[BASE64_ENCODE_RAW_LENGTH(sizeof(plain)) + 1];
    int len = snprintf(plain, sizeof(plain), "%s:%s", user, token);
    base64_encode_raw(coded, (size_t)len, (const uint8_t *)plain);
    coded[BASE64_ENCODE_RAW_LENGTH((size_t)len)] = '\0';
    char *line = secret_join(lead, coded);
    mem_wipe(plain, sizeof(plain));
    mem_wipe(coded, sizeof(coded));
    return line;
}

static void set_authorization(struct tracker *tracker)
{
    const struct tracker_kind *kind = tracker->kind;
    if (tracker->token.count > 0) {
        const char *token = tracker->token.items[0];
        tracker->authorization = kind->basic
                                     ? basic(kind->authorization, tracker->config->user, token)
                                     : secret_join(kind->authorization, token);
    }
}

static bool load_secrets(struct tracker *tracker, struct error *err)
{
    const struct config_tracker *config = tracker->config;
    const char *name = tracker->base.name;
    if (!secret_load_key(&config->secret, name, "secret", &tracker->secret, err) ||
        !secret_load_key(&config->token, name, "token", &tracker->token, err)) {
        return false;
    }
    if (tracker->secret.count == 0) {
        return error_set(err, ERROR_INPUT,
                         "[%s] has no secret: nobody could tell who it is that sends", name);
    }
    if (tracker->token.count == 0 && tracker->kind->config != CONFIG_GENERIC) {
        return error_set(err, ERROR_INPUT, "[%s] has no token to comment with", name);
    }
    set_authorization(tracker);
    return true;
}

/* What [generic] says of signatures and bodies, which others have in their rows. */
static bool set_generic(struct tracker *tracker, struct error *err)
{
    const struct config_tracker *config = tracker->config;
    const char *const pointers[] = {config->text, config->id, config->author, config->reply};
    if (tracker->kind->config != CONFIG_GENERIC) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(pointers); i++) {
        if (!http_json_pointer_valid(pointers[i])) {
            return error_set(err, ERROR_INPUT, "[%s] \"%.100s\" is not a JSON pointer (/a/b)",
                             tracker->base.name, pointers[i]);
        }
    }
    tracker->own_scheme = signature_standard;
    if (config->scheme != SCHEME_STANDARD) {
        tracker->own_scheme = (struct signature_scheme){
            .header = config->signature_header,
            .prefix = config->signature_prefix,
            .form = config->scheme == SCHEME_TOKEN ? SIGNATURE_PLAIN : SIGNATURE_HEX};
    }
    return true;
}

/* What is generic's own is in the configuration still. */
static void follow(struct adapter *adapter, const struct config *config, size_t instance)
{
    struct tracker *tracker = (struct tracker *)adapter;
    tracker->setup.config = config;
    tracker->config = &config->trackers[tracker->kind->config][instance];
    set_generic(tracker, NULL);
}

static bool create(const struct tracker_kind *kind, const struct adapter_ops *ops,
                   const struct adapter_setup *setup, struct adapter **ret, struct error *err)
{
    struct tracker *tracker = mem_alloc(sizeof(*tracker));
    struct buf name;
    tracker->base.ops = ops;
    tracker->setup = *setup;
    tracker->kind = kind;
    tracker->config = &setup->config->trackers[kind->config][setup->instance];
    buf_init(&name, 2 * CONFIG_LABEL_MAX);
    buf_printf(&name, "%s%s%s", kind->name, tracker->config->label[0] ? " " : "",
               tracker->config->label);
    tracker->base.name = buf_take(&name, NULL);
    tracker->status.health = ADAPTER_STARTING;
    if (setup->server == NULL) {
        error_set(err, ERROR_INPUT, "[%s] needs [http] listen, where webhooks are sent to",
                  tracker->base.name);
    }
    if (setup->server == NULL || !load_secrets(tracker, err) || !set_generic(tracker, err)) {
        destroy(&tracker->base);
        return false;
    }
    http_server_route(setup->server, "POST", tracker->config->path, tracker_hear, tracker);
    *ret = &tracker->base;
    return true;
}

/* The interface knows kinds by their ops alone. */
#define TRACKER(kind, id)                                                              \
    static size_t count_##kind(const struct config *config)                            \
    {                                                                                  \
        return config->tracker_counts[id];                                             \
    }                                                                                  \
    static bool create_##kind(const struct adapter_setup *setup, struct adapter **ret, \
                              struct error *err)                                       \
    {                                                                                  \
        return create(&tracker_kinds[id], &adapter_##kind, setup, ret, err);           \
    }                                                                                  \
    const struct adapter_ops adapter_##kind = {                                        \
        .name = #kind,                                                                 \
        .count = count_##kind,                                                         \
        .create = create_##kind,                                                       \
        .start = tracker_start,                                                        \
        .format = format,                                                              \
        .ready = tracker_ready,                                                        \
        .send = tracker_send,                                                          \
        .status = status,                                                              \
        .follow = follow,                                                              \
        .stop = tracker_stop,                                                          \
        .destroy = destroy,                                                            \
    };

TRACKER(github, CONFIG_GITHUB)
TRACKER(gitlab, CONFIG_GITLAB)
TRACKER(gitea, CONFIG_GITEA)
TRACKER(jira, CONFIG_JIRA)
TRACKER(linear, CONFIG_LINEAR)
TRACKER(generic, CONFIG_GENERIC)
