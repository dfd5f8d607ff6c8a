#include "adapters/slack_parse.h"

#include <string.h>

#include "adapters/http_body.h"
#include "adapters/http_url.h"
#include "bot/base/mem.h"

/*
 * Every parser goes the same way: begin() empties the result, then either one of the endings below
 * (bad, ignored) or all parts are filled in and the kind is set last.
 */
static void begin(struct slack_incoming *ret)
{
    *ret = (struct slack_incoming){.kind = SLACK_IGNORED, .why = ""};
    buf_init(&ret->text, SLACK_TEXT_READ_MAX);
}

void slack_incoming_finish(struct slack_incoming *incoming)
{
    buf_finish(&incoming->text);
}

static void bad(struct slack_incoming *ret, const char *sentence)
{
    error_set(&ret->err, ERROR_INPUT, "%s", sentence);
    ret->kind = SLACK_BAD;
    ret->why = ret->err.text;
}

static void ignored(struct slack_incoming *ret, const char *why)
{
    ret->kind = SLACK_IGNORED;
    ret->why = why;
}

/* ---- whose it is ---- */

const struct slack_view *slack_view_of(void *view, const char *team)
{
    const struct slack_view *one = view;
    return one->self.team[0] == '\0' || strcmp(one->self.team, team) == 0 ? one : NULL;
}

static const struct slack_view *find_view(const struct slack_views *views,
                                          struct slack_incoming *incoming)
{
    const struct slack_view *view = views->of_team(views->context, incoming->team);
    if (view == NULL) {
        incoming->kind = SLACK_OTHER_TEAM;
    }
    return view;
}

/* ---- small parts ---- */

static bool is_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_';
}

/* Ids and ts go into keys and addresses: letters, digits, and what ts and trigger ids have. */
static bool copy_id(const char *id, char ret[SLACK_ID_MAX])
{
    size_t len = id ? strlen(id) : 0;
    if (len == 0 || len >= SLACK_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_id_char(id[i])) {
            return false;
        }
    }
    memcpy(ret, id, len + 1);
    return true;
}

static bool is_direct(const char *channel)
{
    return channel[0] == 'D';
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && a[0] != '\0' && strcmp(a, b) == 0;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* S17: people do not use threads in direct messages; in channels a thread is a conversation. */
static void set_conversation(struct slack_incoming *ret, const char *thread)
{
    if (is_direct(ret->channel)) {
        snprintf(ret->conversation, sizeof(ret->conversation), "%s %s", ret->team, ret->user);
    } else {
        snprintf(ret->conversation, sizeof(ret->conversation), "%s %s %s", ret->team, ret->channel,
                 thread);
    }
}

/* Slash commands have no thread (S25): one conversation for a person in a channel. */
static void set_command_conversation(struct slack_incoming *ret)
{
    snprintf(ret->conversation, sizeof(ret->conversation), "%s %s /%s", ret->team, ret->channel,
             ret->user);
}

static void set_address(struct slack_incoming *ret, const char *thread, const char *response_url,
                        bool private)
{
    struct slack_address address = {.private = private};
    memcpy(address.channel, ret->channel, sizeof(address.channel));
    if (thread != NULL) {
        snprintf(address.thread, sizeof(address.thread), "%s", thread);
    }
    snprintf(address.response_url, sizeof(address.response_url), "%s", response_url);
    slack_address_format(&address, ret->address, sizeof(ret->address));
}

/* A mention without words asks what the bot is for. */
static void set_default_text(struct slack_incoming *ret)
{
    const char *text = or_empty(ret->text.data);
    if (text[strspn(text, " \t\r\n")] == '\0') {
        buf_clear(&ret->text);
        buf_puts(&ret->text, "help");
    }
}

/* ---- events ---- */

struct event {
    const json_t *envelope, *event;
    const char *user, *bot; /* who says it; NULL: not told */
    struct slack_self self;
    const char *ts, *thread; /* thread NULL: none */
};

/* Each delivery names the bot for which it was made, should auth.test not have said it yet. */
static const char *authorized_bot(const json_t *envelope)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(envelope, "authorizations"), i, one)
    {
        if (http_json_true(one, "is_bot") && http_json_text(one, "user_id") != NULL) {
            return http_json_text(one, "user_id");
        }
    }
    return "";
}

/*
 * S13: either id may be missing. S15: a broadcast of our own reply may come without an author of
 * its own; then the thread's root tells.
 */
static bool is_own(const struct event *event)
{
    const struct slack_self *self = &event->self;
    const json_t *profile = http_json_object(event->event, "bot_profile");
    if (same(self->user, event->user) || same(self->bot, event->bot) ||
        same(http_json_text(event->envelope, "api_app_id"), http_json_text(profile, "app_id"))) {
        return true;
    }
    const json_t *root = http_json_object(event->event, "root");
    return event->user == NULL && root != NULL &&
           (same(self->user, http_json_text(root, "user")) ||
            same(self->bot, http_json_text(root, "bot_id")));
}

/* S14 */
static bool is_from_bot(const struct event *event)
{
    return event->bot != NULL || same("bot_message", http_json_text(event->event, "subtype")) ||
           same("USLACKBOT", event->user);
}

/* Why an event is nothing for us, by its form alone; NULL: it is a message. */
static const char *not_a_message(const struct event *event)
{
    static const char *const talk[] = {"bot_message", "file_share", "me_message",
                                       "thread_broadcast"};
    const char *type = http_json_text(event->event, "type");
    const char *subtype = http_json_text(event->event, "subtype");
    if (!same(type, "message") && !same(type, "app_mention")) {
        return "event_type";
    }
    /* S11: edits come as message_changed or, with a new mention in them, as a new app_mention. */
    if (json_object_get(event->event, "edited") != NULL) {
        return "edited";
    }
    if (http_json_true(event->event, "hidden")) {
        return "hidden";
    }
    for (size_t i = 0; subtype != NULL && i < ARRAY_LEN(talk); i++) {
        if (strcmp(subtype, talk[i]) == 0) {
            return NULL;
        }
    }
    return subtype ? "subtype" : NULL;
}

static bool event_addresses(const struct event *event, bool mentioned)
{
    return mentioned || same(http_json_text(event->event, "type"), "app_mention") ||
           same(event->self.user, http_json_text(event->event, "parent_user_id"));
}

static void set_event_surface(const struct event *event, bool mentioned, struct slack_incoming *ret)
{
    bool direct =
        is_direct(ret->channel) || same("im", http_json_text(event->event, "channel_type"));
    ret->surface = direct                              ? SURFACE_DM
                   : event_addresses(event, mentioned) ? SURFACE_MENTION
                                                       : SURFACE_AMBIENT;
}

static void set_event_keys(const struct event *event, struct slack_incoming *ret)
{
    const char *id = http_json_text(event->envelope, "event_id");
    char valid[SLACK_ID_MAX];
    if (copy_id(id, valid)) {
        snprintf(ret->delivery, sizeof(ret->delivery), "%s", valid);
    }
    /* S10: one message may come under many event ids. */
    snprintf(ret->identity, sizeof(ret->identity), "%s %s %s", ret->team, ret->channel, event->ts);
    /* S16: a reply's parent, never a reply. */
    const char *thread = event->thread ? event->thread : event->ts;
    set_conversation(ret, thread);
    set_address(ret, ret->surface == SURFACE_DM ? event->thread : thread, "", false);
}

static bool take_places(struct event *event, char thread[SLACK_ID_MAX], char ts[SLACK_ID_MAX],
                        struct slack_incoming *ret)
{
    const char *thread_ts = http_json_text(event->event, "thread_ts");
    if (!copy_id(http_json_text(event->event, "channel"), ret->channel) ||
        !copy_id(http_json_text(event->event, "ts"), ts) ||
        (thread_ts != NULL && !copy_id(thread_ts, thread))) {
        return false;
    }
    event->ts = ts;
    event->thread = thread_ts ? thread : NULL;
    return true;
}

static void parse_message(const struct slack_view *view, struct event *event,
                          struct slack_incoming *ret)
{
    char thread[SLACK_ID_MAX], ts[SLACK_ID_MAX];
    const char *text = http_json_text(event->event, "text");
    const char *form = not_a_message(event);
    if (form != NULL) {
        ignored(ret, form);
        return;
    }
    if (event->self.user[0] == '\0' && event->self.bot[0] == '\0') {
        ret->kind = SLACK_UNKNOWN_US;
        return;
    }
    if (is_own(event)) {
        ignored(ret, "own");
        return;
    }
    ret->from_bot = is_from_bot(event);
    if (!copy_id(ret->from_bot && event->user == NULL ? event->bot : event->user, ret->user)) {
        ignored(ret, "no_author");
        return;
    }
    if (!take_places(event, thread, ts, ret)) {
        bad(ret, "The event has no channel or ts.");
        return;
    }
    bool mentioned;
    slack_decode(or_empty(text), text ? strlen(text) : 0, event->self.user, &ret->text, &mentioned);
    set_event_surface(event, mentioned, ret);
    if (ret->surface == SURFACE_AMBIENT && !view->ambient) {
        ignored(ret, "not_addressed");
        return;
    }
    set_default_text(ret);
    set_event_keys(event, ret);
    ret->kind = SLACK_QUESTION;
}

static void parse_callback(const struct slack_views *views, const json_t *envelope,
                           struct slack_incoming *ret)
{
    struct event event = {.envelope = envelope, .event = http_json_object(envelope, "event")};
    if (event.event == NULL || !copy_id(http_json_text(envelope, "team_id"), ret->team)) {
        bad(ret, "The event has no team_id or no event.");
        return;
    }
    const struct slack_view *view = find_view(views, ret);
    if (view == NULL) {
        return;
    }
    event.self = view->self;
    if (event.self.user[0] == '\0') {
        event.self.user = authorized_bot(envelope);
    }
    event.user = http_json_text(event.event, "user");
    event.bot = http_json_text(event.event, "bot_id");
    parse_message(view, &event, ret);
}

static void parse_challenge(const json_t *envelope, struct slack_incoming *ret)
{
    const char *challenge = http_json_text(envelope, "challenge");
    if (challenge == NULL || strlen(challenge) > SLACK_CHALLENGE_MAX) {
        bad(ret, "The challenge is missing or too long.");
        return;
    }
    buf_puts(&ret->text, challenge);
    ret->kind = SLACK_CHALLENGE;
}

void slack_parse_event(const struct slack_views *views, const char *body, size_t len,
                       struct slack_incoming *ret)
{
    struct error err = {0};
    begin(ret);
    json_t *envelope = http_json_parse(body, len, &err);
    const char *type = http_json_text(envelope, "type");
    if (envelope == NULL) {
        bad(ret, err.text);
    } else if (same(type, "url_verification")) {
        parse_challenge(envelope, ret);
    } else if (same(type, "event_callback")) {
        parse_callback(views, envelope, ret);
    } else if (same(type, "app_rate_limited")) {
        ignored(ret, "app_rate_limited");
    } else if (type == NULL) {
        bad(ret, "The body has no type.");
    } else {
        ignored(ret, "type");
    }
    json_decref(envelope);
}

/* ---- slash commands ---- */

static void parse_command(const struct slack_views *views, const struct http_form *form,
                          struct slack_incoming *ret)
{
    const char *text = or_empty(http_form_get(form, "text"));
    const char *trigger = http_form_get(form, "trigger_id");
    char trigger_id[SLACK_ID_MAX];
    ret->surface = SURFACE_SLASH;
    if (!copy_id(http_form_get(form, "team_id"), ret->team) ||
        !copy_id(http_form_get(form, "channel_id"), ret->channel) ||
        !copy_id(http_form_get(form, "user_id"), ret->user) || !copy_id(trigger, trigger_id)) {
        bad(ret, "The command lacks team_id, channel_id, user_id or trigger_id.");
        return;
    }
    const struct slack_view *view = find_view(views, ret);
    if (view == NULL) {
        return;
    }
    bool mentioned;
    slack_decode(text, strlen(text), view->self.user, &ret->text, &mentioned);
    set_default_text(ret);
    /* Each command has a trigger_id of its own; the same one again is a replay. */
    snprintf(ret->delivery, sizeof(ret->delivery), "command %s", trigger_id);
    set_command_conversation(ret);
    set_address(ret, NULL, "", false);
    ret->kind = SLACK_COMMAND;
}

void slack_parse_command(const struct slack_views *views, const char *body, size_t len,
                         struct slack_incoming *ret)
{
    struct error err = {0};
    struct http_form form = {0};
    begin(ret);
    if (!http_form_parse(body, len, &form, &err)) {
        bad(ret, err.text);
    } else if (same("1", http_form_get(&form, "ssl_check"))) {
        ignored(ret, "ssl_check"); /* S5 */
    } else {
        parse_command(views, &form, ret);
    }
    http_form_finish(&form);
}

/* ---- buttons ---- */

struct press {
    const json_t *payload, *action, *container, *message;
    const char *action_id;
    char message_ts[SLACK_ID_MAX], thread[SLACK_ID_MAX];
    char trigger[SLACK_ID_MAX];
};

static bool take_press(const json_t *payload, struct press *press, struct slack_incoming *ret)
{
    const json_t *channel = http_json_object(payload, "channel");
    press->payload = payload;
    press->action = json_array_get(json_object_get(payload, "actions"), 0);
    press->container = http_json_object(payload, "container");
    press->message = http_json_object(payload, "message");
    press->action_id = http_json_text(press->action, "action_id");
    const char *channel_id = http_json_text(channel, "id");
    if (press->action_id == NULL ||
        !copy_id(http_json_text(http_json_object(payload, "team"), "id"), ret->team) ||
        !copy_id(http_json_text(http_json_object(payload, "user"), "id"), ret->user) ||
        !copy_id(channel_id ? channel_id : http_json_text(press->container, "channel_id"),
                 ret->channel) ||
        !copy_id(http_json_text(press->container, "message_ts"), press->message_ts) ||
        !copy_id(http_json_text(payload, "trigger_id"), press->trigger)) {
        return false;
    }
    const char *thread = http_json_text(press->container, "thread_ts");
    thread = thread ? thread : http_json_text(press->message, "thread_ts");
    return copy_id(thread ? thread : press->message_ts, press->thread);
}

static void set_press_keys(const struct slack_view *view, const struct press *press,
                           struct slack_incoming *ret)
{
    const char *url = or_empty(http_json_text(press->payload, "response_url"));
    bool private = http_json_true(press->container, "is_ephemeral");
    bool threaded = strcmp(press->thread, press->message_ts) != 0 || !is_direct(ret->channel);
    snprintf(ret->delivery, sizeof(ret->delivery), "action %s", press->trigger);
    /* Twice on the same button is once. */
    snprintf(ret->identity, sizeof(ret->identity), "%s %s %s %.40s %s", ret->team, ret->channel,
             press->message_ts, press->action_id, ret->user);
    if (private) {
        set_command_conversation(ret);
    } else {
        set_conversation(ret, press->thread);
    }
    set_address(ret, threaded && !private ? press->thread : NULL,
                http_url_allowed(url, view->response_hosts) ? url : "", private);
    ret->surface = private ? SURFACE_SLASH : is_direct(ret->channel) ? SURFACE_DM : SURFACE_MENTION;
}

static void set_press_text(const struct press *press, struct slack_incoming *ret)
{
    static const struct {
        const char *action_id, *text;
    } asks[] = {
        {SLACK_ACTION_WHY, "why?"},
        {SLACK_ACTION_FLIP, "what would change your mind?"},
    };
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
        if (strcmp(press->action_id, asks[i].action_id) == 0) {
            buf_puts(&ret->text, asks[i].text);
            ret->kind = SLACK_QUESTION;
            return;
        }
    }
    if (strcmp(press->action_id, SLACK_ACTION_WRONG) == 0) {
        buf_puts(&ret->text, or_empty(http_json_text(press->action, "value")));
        ret->kind = SLACK_WRONG;
        return;
    }
    ignored(ret, "action");
}

static void parse_payload(const struct slack_views *views, const json_t *payload,
                          struct slack_incoming *ret)
{
    struct press press;
    if (!same(http_json_text(payload, "type"), "block_actions")) {
        ignored(ret, "interaction");
        return;
    }
    if (!take_press(payload, &press, ret)) {
        bad(ret, "The action lacks its team, user, channel, message or trigger.");
        return;
    }
    const struct slack_view *view = find_view(views, ret);
    if (view == NULL) {
        return;
    }
    set_press_keys(view, &press, ret);
    set_press_text(&press, ret);
}

void slack_parse_action(const struct slack_views *views, const char *body, size_t len,
                        struct slack_incoming *ret)
{
    struct error err = {0};
    struct http_form form = {0};
    begin(ret);
    if (!http_form_parse(body, len, &form, &err)) {
        bad(ret, err.text);
        return;
    }
    const char *text = http_form_get(&form, "payload");
    json_t *payload = text ? http_json_parse(text, strlen(text), &err) : NULL;
    if (payload == NULL) {
        bad(ret, text ? err.text : "The form has no payload.");
    } else {
        parse_payload(views, payload, ret);
    }
    json_decref(payload);
    http_form_finish(&form);
}
