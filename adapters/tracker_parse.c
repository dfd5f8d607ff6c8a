#include <stdio.h>
#include <string.h>

#include "adapters/http_body.h"
#include "adapters/tracker_kind.h"
#include "bot/base/mem.h"

/* Deliveries: whichever tracker they are of, its row says where things stand. */

static const char *text_at(const json_t *body, const char *pointer)
{
    return pointer == NULL ? NULL : json_string_value(http_json_at(body, pointer));
}

static void end(struct ticket_event *ret, enum ticket_what what, const char *why)
{
    ret->what = what;
    ret->why = why;
}

/* ---- words ---- */

/* Ids are strings or numbers. "" where there is none; false: too long. */
static bool copy_id(const json_t *body, const char *pointer, char *ret, size_t cap)
{
    const json_t *value = pointer == NULL ? NULL : http_json_at(body, pointer);
    ret[0] = '\0';
    if (json_is_integer(value)) {
        snprintf(ret, cap, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return true;
    }
    const char *text = json_string_value(value);
    size_t len = text ? strlen(text) : 0;
    if (len >= cap) {
        return false;
    }
    memcpy(ret, text ? text : "", len + 1);
    return true;
}

/* In a URL's path: no way up, no other part of a URL. */
static bool is_path(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./";
    return text[0] != '\0' && strspn(text, allowed) == strlen(text) && strstr(text, "..") == NULL &&
           strstr(text, "//") == NULL && text[0] != '/';
}

/* In a key: anything that can be seen. */
static bool is_visible(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            return false;
        }
    }
    return true;
}

static void format_place(const struct ticket_place *place, char *ret, size_t cap)
{
    snprintf(ret, cap, "%s %s %s %s", place->project, place->number, place->noun,
             place->reply[0] ? place->reply : "-");
}

void ticket_place_format(const struct ticket_place *place, char ret[TICKET_ADDRESS_MAX])
{
    format_place(place, ret, TICKET_ADDRESS_MAX);
}

static bool take_word(const char **text, char *ret, size_t cap)
{
    size_t len = strcspn(*text, " ");
    if (len == 0 || len >= cap) {
        return false;
    }
    memcpy(ret, *text, len);
    ret[len] = '\0';
    *text += len;
    *text += **text == ' ';
    return true;
}

bool ticket_place_parse(const char *text, struct ticket_place *ret)
{
    struct ticket_place place = {0};
    if (!take_word(&text, place.project, sizeof(place.project)) ||
        !take_word(&text, place.number, sizeof(place.number)) ||
        !take_word(&text, place.noun, sizeof(place.noun)) ||
        !take_word(&text, place.reply, sizeof(place.reply)) || *text) {
        return false;
    }
    if (strcmp(place.reply, "-") == 0) {
        place.reply[0] = '\0';
    }
    bool fits = is_path(place.project) && is_path(place.number) && is_path(place.noun);
    if (fits) {
        *ret = place;
    }
    return fits;
}

/* ---- labels ---- */

static bool is_label(const json_t *one, const char *label)
{
    const char *name = json_string_value(one);
    name = name ? name : http_json_text(one, "name");
    name = name ? name : http_json_text(one, "title");
    return name != NULL && strcmp(name, label) == 0;
}

static bool has_word(const char *text, const char *word)
{
    size_t wanted = strlen(word);
    while (text != NULL && *text) {
        size_t len = strcspn(text, " ");
        if (len == wanted && memcmp(text, word, len) == 0) {
            return true;
        }
        text += len + (text[len] == ' ');
    }
    return false;
}

bool ticket_has_label(const json_t *labels, const char *label)
{
    size_t i;
    json_t *one;
    if (label[0] == '\0') {
        return false;
    }
    json_array_foreach(labels, i, one)
    {
        if (is_label(one, label)) {
            return true;
        }
    }
    return has_word(json_string_value(labels), label);
}

/* ---- the event ---- */

static bool fits(const char *wanted, const char *given)
{
    return wanted == NULL || (given != NULL && strcmp(wanted, given) == 0);
}

static const struct ticket_rule *find_rule(const struct ticket_view *view, const json_t *body)
{
    const struct tracker_kind *kind = view->kind;
    const char *event = kind->event_at ? text_at(body, kind->event_at) : view->event;
    const char *action = text_at(body, kind->action_at);
    for (const struct ticket_rule *rule = kind->rules; rule->at != NULL; rule++) {
        if (fits(rule->event, event) && fits(rule->action, action) &&
            (rule->where == NULL || fits(rule->is, text_at(body, rule->where)))) {
            return rule;
        }
    }
    return NULL;
}

static bool in_list(const char *text, const char *list)
{
    size_t len = text ? strlen(text) : 0;
    for (const char *at = list; len > 0 && at != NULL && *at;) {
        size_t word = strcspn(at, ",");
        if (word == len && memcmp(at, text, len) == 0) {
            return true;
        }
        at += word + (at[word] == ',');
    }
    return false;
}

static bool take_people(const struct tracker_kind *kind, const struct ticket_pointers *at,
                        const json_t *body, struct ticket_event *ret)
{
    if (!copy_id(body, at->author, ret->author, sizeof(ret->author)) ||
        !copy_id(body, at->sender, ret->sender, sizeof(ret->sender))) {
        return false;
    }
    ret->from_bot = in_list(text_at(body, kind->bot_at), kind->bot_is) ||
                    (kind->bot_name != NULL && (strstr(ret->sender, kind->bot_name) != NULL ||
                                                strstr(ret->author, kind->bot_name) != NULL));
    return is_visible(ret->author) && is_visible(ret->sender);
}

static bool take_place(const struct ticket_pointers *at, const json_t *body,
                       struct ticket_event *ret)
{
    struct ticket_place *place = &ret->place;
    snprintf(place->noun, sizeof(place->noun), "%s", at->noun);
    return copy_id(body, at->project, place->project, sizeof(place->project)) &&
           copy_id(body, at->number, place->number, sizeof(place->number)) &&
           copy_id(body, at->id, ret->id, sizeof(ret->id)) &&
           copy_id(body, at->version, ret->version, sizeof(ret->version)) &&
           (at->id == NULL || ret->id[0]) && is_visible(ret->id) && is_visible(ret->version);
}

static void add_text(struct buf *ret, const char *text)
{
    size_t len = text ? strlen(text) : 0, room = TICKET_TEXT_MAX - ret->len;
    if (len > room) {
        len = room;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    buf_append(ret, text ? text : "", len);
}

static void take_text(const struct ticket_pointers *at, const json_t *body,
                      struct ticket_event *ret)
{
    const char *title = text_at(body, at->title);
    if (title != NULL) {
        add_text(&ret->text, title);
        add_text(&ret->text, "\n\n");
    }
    add_text(&ret->text, text_at(body, at->text));
}

/*
 * What a change of a ticket is to us: a label that asks for something, or other words. Some
 * trackers tell of every change in one event.
 */
static enum ticket_what change_of(const struct ticket_view *view, const json_t *body,
                                  enum ticket_what what)
{
    const struct tracker_kind *kind = view->kind;
    if (what != TICKET_EDITED && what != TICKET_ASKED) {
        return what;
    }
    if (kind->put(body, view->config->record_label)) {
        return TICKET_RECORD;
    }
    if (kind->put(body, view->config->ask_label)) {
        return TICKET_ASKED;
    }
    bool reworded = what == TICKET_EDITED && (kind->reworded == NULL || kind->reworded(body));
    return reworded ? TICKET_EDITED : TICKET_IGNORED;
}

static void take(const struct ticket_view *view, const struct ticket_rule *rule, const json_t *body,
                 struct ticket_event *ret)
{
    const struct ticket_pointers *at = rule->at;
    enum ticket_what what = change_of(view, body, rule->what);
    if (what == TICKET_IGNORED) {
        end(ret, what, "change");
        return;
    }
    if (!take_people(view->kind, at, body, ret) || !take_place(at, body, ret)) {
        end(ret, TICKET_BAD, "The body lacks the ticket's id, or holds one that cannot be.");
        return;
    }
    if (at->project == NULL) {
        snprintf(ret->place.project, sizeof(ret->place.project), "-");
    }
    if (!is_path(ret->place.project) || !is_path(ret->place.number)) {
        end(ret, TICKET_BAD, "The body's project or number of the ticket cannot be one.");
        return;
    }
    ret->labelled =
        at->labels && ticket_has_label(http_json_at(body, at->labels), view->config->ask_label);
    take_text(at, body, ret);
    ret->of = rule->event;
    end(ret, what, "");
}

/* ---- any other sender ---- */

/* Numbers of tickets that are none of a URL's: what there is to know is the address. */
static void take_generic(const struct ticket_view *view, const json_t *body,
                         struct ticket_event *ret)
{
    const struct config_tracker *config = view->config;
    const char *author = config->author[0] ? config->author : NULL;
    const char *text = text_at(body, config->text), *reply = text_at(body, config->reply);
    if (text == NULL) {
        end(ret, TICKET_IGNORED, "no_text");
    } else if (!copy_id(body, config->id, ret->id, sizeof(ret->id)) || ret->id[0] == '\0' ||
               !copy_id(body, author, ret->author, sizeof(ret->author)) || !is_visible(ret->id) ||
               !is_visible(ret->author)) {
        end(ret, TICKET_BAD, "The body's id or author is missing, too long or not a word.");
    } else if (reply == NULL || !http_url_allowed(reply, config->reply_hosts)) {
        end(ret, TICKET_BAD,
            "The body's reply address is missing or not of [generic] reply_hosts.");
    } else {
        ret->place = (struct ticket_place){.project = "-", .number = "-", .noun = "-"};
        snprintf(ret->place.reply, sizeof(ret->place.reply), "%s", reply);
        memcpy(ret->sender, ret->author, sizeof(ret->sender));
        add_text(&ret->text, text);
        end(ret, TICKET_QUESTION, "");
    }
}

void ticket_parse(const struct ticket_view *view, const json_t *body, struct ticket_event *ret)
{
    *ret = (struct ticket_event){.what = TICKET_IGNORED, .why = "event"};
    buf_init(&ret->text, TICKET_TEXT_MAX);
    const char *signed_at = view->kind->signed_at;
    ret->signed_ms = signed_at ? json_integer_value(http_json_at(body, signed_at)) : 0;
    if (view->kind->config == CONFIG_GENERIC) {
        take_generic(view, body, ret);
        return;
    }
    const struct ticket_rule *rule = find_rule(view, body);
    if (rule != NULL && rule->what != TICKET_IGNORED) {
        take(view, rule, body, ret);
    }
}

void ticket_finish(struct ticket_event *event)
{
    buf_finish(&event->text);
}
