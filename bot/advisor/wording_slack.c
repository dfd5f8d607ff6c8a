#include "bot/advisor/wording_inside.h"

#include <stddef.h>

#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/utf8.h"

/* Slack blocks: a paragraph with its items is a section, the source a context. */

enum {
    SLACK_TEXT_MAX = 3000,   /* of one text object, S20 */
    SLACK_TOTAL_MAX = 12000, /* the API refuses at about 13,200 */
    SLACK_CUT_ROOM = 16,     /* kept free in a text for the marks around it, or for an ellipsis */
    SLACK_SMALL_REPLY = 6,   /* up to so many blocks a divider would be out of proportion */
};

#define ELLIPSIS "\xE2\x80\xA6"

/* A text that was cut may end inside a character. */
static size_t whole_characters(const char *text, size_t len)
{
    size_t back = 0;
    while (back < len && back < 3 && ((unsigned char)text[len - 1 - back] & 0xC0) == 0x80) {
        back++;
    }
    size_t start = len > back ? len - back - 1 : 0;
    return len > 0 && utf8_length(text + start, len - start) == len - start ? len : start;
}

/* One Slack text object in the making. */
struct slack {
    struct buf *ret;
    struct buf text;
    size_t total;
    bool any, in_code;
};

static void slack_text(struct slack *slack)
{
    struct buf *ret = slack->ret;
    buf_puts(ret, "{\"type\":\"mrkdwn\",\"verbatim\":true,\"text\":\"");
    if (slack->text.failed) {
        wording_put_json_bytes(ret, slack->text.data,
                               whole_characters(slack->text.data, slack->text.len));
        buf_puts(ret, slack->in_code ? ELLIPSIS "\\n```" : ELLIPSIS);
    } else {
        wording_put_json_bytes(ret, slack->text.data, slack->text.len);
    }
    buf_puts(ret, "\"}");
}

static void slack_flush(struct slack *slack, bool context)
{
    size_t len = slack->text.len;
    if (len > 0 && slack->total + len <= SLACK_TOTAL_MAX) {
        buf_puts(slack->ret, slack->any ? "," : "");
        buf_puts(slack->ret, context ? "{\"type\":\"context\",\"elements\":["
                                     : "{\"type\":\"section\",\"text\":");
        slack_text(slack);
        buf_puts(slack->ret, context ? "]}" : "}");
        slack->any = true;
    }
    slack->total += len;
    buf_clear(&slack->text);
    slack->in_code = false;
}

/* At most what the escapes make of it. */
static size_t slack_length(const char *text)
{
    size_t len = SLACK_CUT_ROOM;
    for (; *text; text++) {
        len += *text == '&' || *text == '<' || *text == '>' ? 5 : 1;
    }
    return len;
}

static void slack_block(struct slack *slack, const struct reply *reply, const struct block *block)
{
    bool item = block->type == BLOCK_ITEM;
    if (!item || slack->text.len + slack_length(reply->text + block->text) > slack->text.max) {
        slack_flush(slack, false);
    }
    bool source = block->type == BLOCK_SOURCE;
    if (source && slack->any && reply->block_count > SLACK_SMALL_REPLY) {
        buf_puts(slack->ret, ",{\"type\":\"divider\"}");
    }
    slack->in_code = block->type == BLOCK_CODE;
    buf_puts(&slack->text, slack->text.len > 0 ? "\n" : "");
    wording_put_block(&slack->text, reply, block, WORDING_MRKDWN);
    if (source) {
        slack_flush(slack, true);
    }
}

bool wording_slack_blocks(const struct reply *reply, struct buf *ret)
{
    struct slack slack = {.ret = ret};
    buf_init(&slack.text, SLACK_TEXT_MAX - SLACK_CUT_ROOM);
    buf_putc(ret, '[');
    for (size_t i = 0; i < reply->block_count && i < REPLY_BLOCKS_MAX; i++) {
        slack_block(&slack, reply, &reply->blocks[i]);
    }
    slack_flush(&slack, false);
    buf_putc(ret, ']');
    buf_finish(&slack.text);
    return !ret->failed;
}
