#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/http_body.h"
#include "adapters/tracker_kind.h"
#include "bot/base/mem.h"

/* Requests from their templates, and what the answers say. */

enum { CLOCK_SLACK_MS = 60 * 1000 }; /* how much the tracker's clock may lag behind ours */

void tracker_mark_format(int64_t id, int64_t created_ms, char ret[TRACKER_MARK_MAX])
{
    snprintf(ret, TRACKER_MARK_MAX, TRACKER_MARK "%" PRId64 ".%" PRId64, id, created_ms);
}

/* ---- templates ---- */

static void put_since(struct buf *ret, int64_t since_ms)
{
    time_t seconds = (time_t)((since_ms - CLOCK_SLACK_MS) / 1000);
    struct tm utc;
    char text[40] = "";
    seconds = seconds > 0 ? seconds : 0;
    if (gmtime_r(&seconds, &utc) != NULL) {
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    buf_puts(ret, text);
}

/* Where no text is hidden the marker is a small last line. */
static void put_text(const struct tracker_parcel *parcel, struct buf *ret)
{
    http_json_put(ret, parcel->payload, parcel->payload_len);
    if (parcel->kind->mark_in_text) {
        bool html = parcel->kind->markup == MARKUP_HTML;
        buf_puts(ret, html ? "\\n\\n<!-- " : "\\n\\n`");
        buf_puts(ret, parcel->mark);
        buf_puts(ret, html ? " -->" : "`");
    }
}

static void put_value(const struct tracker_parcel *parcel, const char *name, size_t len,
                      struct buf *ret)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"api", parcel->api},
                 {"project", parcel->place ? parcel->place->project : ""},
                 {"number", parcel->place ? parcel->place->number : ""},
                 {"noun", parcel->place ? parcel->place->noun : ""},
                 {"reply", parcel->place ? parcel->place->reply : ""},
                 {"mark", parcel->mark}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (strlen(texts[i].name) == len && memcmp(texts[i].name, name, len) == 0) {
            buf_puts(ret, texts[i].value);
            return;
        }
    }
    switch (name[0]) {
    case 't':
        put_text(parcel, ret);
        break;
    case 'j':
        buf_append(ret, parcel->payload, parcel->payload_len);
        break;
    case 's':
        put_since(ret, parcel->since_ms);
        break;
    case 'p':
        buf_printf(ret, "%u", parcel->page);
        break;
    case 'o':
        buf_printf(ret, "%u", (parcel->page - 1) * TRACKER_PAGE);
        break;
    default:
        break;
    }
}

static void expand(const struct tracker_parcel *parcel, const char *template, struct buf *ret)
{
    while (template != NULL && *template) {
        size_t plain = strcspn(template, "<");
        buf_append(ret, template, plain);
        template += plain;
        if (*template == '<') {
            size_t len = strcspn(template, ">");
            put_value(parcel, template + 1, len - 1, ret);
            template += len + 1;
        }
    }
}

bool tracker_request_format(const struct tracker_parcel *parcel, enum tracker_method method,
                            struct buf *ret_url, struct buf *ret_body)
{
    const struct tracker_template *request = &parcel->kind->requests[method];
    expand(parcel, request->url, ret_url);
    expand(parcel, request->body, ret_body);
    return !ret_url->failed && !ret_body->failed;
}

/* ---- answers ---- */

static void copy_name(const json_t *answer, const char *pointer, char ret[TRACKER_NAME_MAX])
{
    const char *text = pointer == NULL ? NULL : json_string_value(http_json_at(answer, pointer));
    size_t len = text ? strlen(text) : 0;
    memcpy(ret, len < TRACKER_NAME_MAX && text ? text : "", len < TRACKER_NAME_MAX ? len + 1 : 1);
}

bool tracker_self_read(const struct tracker_kind *kind, const json_t *answer,
                       struct tracker_self *ret)
{
    struct tracker_self self;
    copy_name(answer, kind->self_id, self.id);
    copy_name(answer, kind->self_names[0], self.names[0]);
    copy_name(answer, kind->self_names[1], self.names[1]);
    if (self.id[0] == '\0') {
        return false;
    }
    *ret = self;
    return true;
}

/* The marker stands between other characters: no key is the beginning of another. */
static bool has_mark(const char *text, const char *mark)
{
    size_t len = strlen(mark);
    while (text != NULL && (text = strstr(text, mark)) != NULL) {
        text += len;
        if (*text < '0' || *text > '9') {
            return true;
        }
    }
    return false;
}

static bool is_marked(const json_t *value, const char *mark)
{
    if (json_is_string(value)) {
        return has_mark(json_string_value(value), mark);
    }
    char *text = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    bool found = has_mark(text, mark);
    free(text);
    return found;
}

bool tracker_look_read(const struct tracker_kind *kind, const json_t *answer, const char *self_id,
                       const char *mark, size_t *ret_count)
{
    bool found = false;
    *ret_count = 0;
    for (size_t list = 0; kind->lists[list] != NULL; list++) {
        size_t i;
        json_t *one;
        json_array_foreach(http_json_at(answer, kind->lists[list]), i, one)
        {
            const char *author = json_string_value(http_json_at(one, kind->list_author));
            found = found || (author && strcmp(author, self_id) == 0 &&
                              is_marked(http_json_at(one, kind->list_mark), mark));
            (*ret_count)++;
        }
    }
    return found;
}
