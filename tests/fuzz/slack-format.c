#include <string.h>

#include <jansson.h>

#include "adapters/slack_format.h"
#include "adapters/slack_parse.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "tests/fuzz/fuzz.h"

/*
 * Any text as a reply, a block a line, and as what was asked: JSON on one line, valid UTF-8, within
 * Slack's limits, with no markup but our own. And any text as Slack's: decoded, it stays text.
 */
enum { LINE_MAX_BYTES = 5000, VALUE_CHARACTERS_MAX = 2000, SECTION_MAX = 3000 };

static void build(const char *text, size_t size, struct reply *ret)
{
    *ret = (struct reply){0};
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t len = end ? (size_t)(end - text) - at : size - at;
        enum block_type type =
            len > 0 ? (enum block_type)((unsigned char)text[at] % (BLOCK_SOURCE + 1)) : BLOCK_ITEM;
        int shown = (int)(len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES);
        reply_add(ret, type, "%.*s", shown, text + at);
        at += len + 1;
    }
}

/* "<" only where we made a link of a pack's URL, and these have none. */
static void check_text(const char *text, size_t max)
{
    REQUIRE(strlen(text) <= max);
    REQUIRE(strchr(text, '<') == NULL);
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++) {
        count += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return count;
}

static void check_block(const json_t *block)
{
    const char *text = json_string_value(json_object_get(json_object_get(block, "text"), "text"));
    size_t i;
    json_t *element;
    if (text != NULL) {
        check_text(text, SECTION_MAX);
        REQUIRE(text[0]);
    }
    json_array_foreach(json_object_get(block, "elements"), i, element)
    {
        const char *value = json_string_value(json_object_get(element, "value"));
        REQUIRE(value == NULL || characters(value) <= VALUE_CHARACTERS_MAX);
    }
}

static void check_payload(const struct buf *payload)
{
    json_t *object = json_loadb(payload->data, payload->len, JSON_REJECT_DUPLICATES, NULL);
    size_t i;
    json_t *block;
    REQUIRE(object != NULL);
    REQUIRE(fuzz_utf8_valid(payload->data, payload->len));
    REQUIRE(!memchr(payload->data, '\n', payload->len));
    REQUIRE(!memchr(payload->data, '\r', payload->len));
    check_text(json_string_value(json_object_get(object, "text")), SLACK_FALLBACK_MAX);
    REQUIRE(json_array_size(json_object_get(object, "blocks")) <= 50);
    json_array_foreach(json_object_get(object, "blocks"), i, block)
    {
        check_block(block);
    }
    json_decref(object);
}

static void check_decoding(const char *text, size_t size)
{
    struct buf decoded;
    bool mentioned;
    buf_init(&decoded, 2 * size + 1);
    slack_decode(text, size, "UBOT", &decoded, &mentioned);
    REQUIRE(!decoded.failed);
    REQUIRE(!fuzz_utf8_valid(text, size) ||
            fuzz_utf8_valid(decoded.data ? decoded.data : "", decoded.len));
    buf_finish(&decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const struct slack_extras extras = {size % 2 == 0, true, text, size};
    const struct slack_address address = {false, "C1", "1.1", ""};
    struct reply reply;
    struct buf payload, body;
    buf_init(&payload, SLACK_PAYLOAD_MAX);
    buf_init(&body, 2 * SLACK_PAYLOAD_MAX);
    build(text, size, &reply);
    REQUIRE(slack_format_reply(&reply, &extras, &payload));
    check_payload(&payload);
    REQUIRE(slack_format_post(&address, "1.1", payload.data, payload.len, &body));
    check_payload(&body);
    check_decoding(text, size);
    buf_finish(&payload);
    buf_finish(&body);
    return 0;
}
