#include "adapters/slack_format.h"

#include <inttypes.h>
#include <string.h>

#include "adapters/http_body.h"
#include "adapters/slack_parse.h"
#include "bot/advisor/reply.h"
#include "bot/advisor/wording.h"
#include "bot/base/buf.h"

#define ELLIPSIS "\xE2\x80\xA6"
#define FENCE "```"

enum {
    WORDED_MAX = 64 * 1024,
    LOOKUP_LIMIT = 200,        /* messages in one answer */
    CLOCK_SLACK_MS = 60 * 1000 /* how much Slack's clock may lag behind ours */
};

/* ---- the fallback: cut at a line, never inside a character, entity, link or code ---- */

static size_t back_to(const char *text, size_t len, char mark, const char *end)
{
    for (size_t i = len; i > 0 && text[i - 1] != '\n'; i--) {
        if (text[i - 1] == mark) {
            return memchr(text + i, *end, len - i) ? len : i - 1;
        }
    }
    return len;
}

static size_t cut_line(const char *text, size_t max)
{
    size_t len = max;
    while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80) {
        len--;
    }
    len = back_to(text, len, '&', ";");
    return back_to(text, len, '<', ">");
}

static bool in_code(const char *text, size_t len)
{
    bool code = false;
    for (size_t i = 0; i + 3 <= len; i++) {
        if (memcmp(text + i, FENCE, 3) == 0) {
            code = !code;
            i += 2;
        }
    }
    return code;
}

static void put_fallback(struct buf *ret, const char *text, size_t len)
{
    size_t room = SLACK_FALLBACK_MAX - strlen(ELLIPSIS "\n" FENCE);
    if (len <= SLACK_FALLBACK_MAX) {
        http_json_put(ret, text, len);
        return;
    }
    size_t kept = room;
    while (kept > 0 && text[kept - 1] != '\n') {
        kept--;
    }
    kept = kept > 0 ? kept : cut_line(text, room);
    http_json_put(ret, text, kept);
    buf_puts(ret, in_code(text, kept) ? ELLIPSIS "\\n" FENCE : ELLIPSIS);
}

/* ---- buttons ---- */

static size_t whole_characters(const char *text, size_t len, size_t max)
{
    if (len <= max) {
        return len;
    }
    while (max > 0 && ((unsigned char)text[max] & 0xC0) == 0x80) {
        max--;
    }
    return max;
}

#define BUTTON(id, label)                      \
    "{\"type\":\"button\",\"action_id\":\"" id \
    "\",\"text\":{\"type\":\"plain_text\",\"text\":\"" label "\"}"

/* The last one remembers what was asked. */
static void put_buttons(struct buf *ret, const struct slack_extras *extras)
{
    buf_puts(ret, "{\"type\":\"actions\",\"elements\":[");
    buf_puts(ret, BUTTON(SLACK_ACTION_WHY, "Why?") "},");
    buf_puts(ret, BUTTON(SLACK_ACTION_FLIP, "What would change it?") "},");
    buf_puts(ret, BUTTON(SLACK_ACTION_WRONG, "Wrong"));
    if (extras->question_len > 0) {
        buf_puts(ret, ",\"value\":\"");
        http_json_put(ret, extras->question,
                      whole_characters(extras->question, extras->question_len, SLACK_VALUE_MAX));
        buf_puts(ret, "\"");
    }
    buf_puts(ret, "}]}");
}

#undef BUTTON

static bool put_blocks(const struct reply *reply, const struct slack_extras *extras,
                       struct buf *ret)
{
    size_t start = ret->len;
    if (wording_slack_blocks(reply, ret) && extras->buttons) {
        bool any = ret->len - start > strlen("[]");
        buf_cut(ret, ret->len - 1); /* the closing bracket comes after them */
        buf_puts(ret, any ? "," : "");
        put_buttons(ret, extras);
        buf_putc(ret, ']');
    }
    return !ret->failed;
}

/* ---- replies ---- */

static void put_head(struct buf *ret, bool ephemeral)
{
    buf_puts(ret, ephemeral ? "{\"response_type\":\"ephemeral\",\"text\":\"" : "{\"text\":\"");
}

bool slack_format_reply(const struct reply *reply, const struct slack_extras *extras,
                        struct buf *ret)
{
    struct buf text;
    buf_init(&text, WORDED_MAX);
    bool fine = wording_format(reply, WORDING_MRKDWN, &text);
    put_head(ret, extras->ephemeral);
    if (text.len > 0) {
        put_fallback(ret, text.data, text.len);
    }
    buf_puts(ret, "\",\"blocks\":");
    fine = put_blocks(reply, extras, ret) && fine;
    buf_puts(ret, ",\"unfurl_links\":false,\"unfurl_media\":false}");
    buf_finish(&text);
    return fine && !ret->failed;
}

bool slack_format_sentence(const char *sentence, bool ephemeral, struct buf *ret)
{
    put_head(ret, ephemeral);
    http_json_put(ret, sentence, strlen(sentence));
    buf_puts(ret, "\"}");
    return !ret->failed;
}

/* ---- requests: a head of our own, then what was stored, without its opening brace ---- */

static bool put_payload(struct buf *ret, const char *payload, size_t len)
{
    if (len < 2 || payload[0] != '{') {
        return false;
    }
    buf_append(ret, payload + 1, len - 1);
    return !ret->failed;
}

bool slack_format_post(const struct slack_address *address, const char *key, const char *payload,
                       size_t len, struct buf *ret)
{
    buf_printf(ret, "{\"channel\":\"%s\",", address->channel);
    if (address->thread[0]) {
        buf_printf(ret, "\"thread_ts\":\"%s\",", address->thread);
    }
    buf_printf(ret,
               "\"metadata\":{\"event_type\":\"" SLACK_EVENT_TYPE
               "\",\"event_payload\":{\"delivery\":\"%s\"}},",
               key);
    return put_payload(ret, payload, len);
}

bool slack_format_response(bool private, const char *payload, size_t len, struct buf *ret)
{
    /* Without it, the message that the button belongs to would be replaced. */
    buf_puts(ret, "{\"replace_original\":false,");
    buf_printf(ret, "\"response_type\":\"%s\",", private ? "ephemeral" : "in_channel");
    return put_payload(ret, payload, len);
}

void slack_delivery_key(int64_t id, int64_t created_ms, char ret[SLACK_DELIVERY_KEY_MAX])
{
    snprintf(ret, SLACK_DELIVERY_KEY_MAX, "%" PRId64 ".%" PRId64, id, created_ms);
}

bool slack_format_lookup(const struct slack_address *address, int64_t since_ms, const char *cursor,
                         struct buf *ret)
{
    int64_t oldest_s = (since_ms - CLOCK_SLACK_MS) / 1000;
    buf_printf(ret, "channel=%s&oldest=%" PRId64 "&limit=%d&include_all_metadata=true",
               address->channel, oldest_s > 0 ? oldest_s : 0, LOOKUP_LIMIT);
    if (address->thread[0]) {
        buf_printf(ret, "&ts=%s", address->thread);
    }
    if (cursor[0]) {
        buf_puts(ret, "&cursor=");
        http_form_put(ret, cursor);
    }
    return !ret->failed;
}
