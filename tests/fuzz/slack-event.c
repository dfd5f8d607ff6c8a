#include <string.h>

#include "adapters/http_url.h"
#include "adapters/slack_parse.h"
#include "tests/fuzz/fuzz.h"

/*
 * Any bytes as an event, a slash command and a button's press: refused, ignored, or a message whose
 * parts are within their bounds and cannot break out of keys and addresses.
 */
static void check_key(const char *key, size_t cap)
{
    size_t len = strlen(key);
    REQUIRE(len < cap - 1); /* never cut */
    REQUIRE(strcspn(key, "\r\n\t\"\\") == len);
    REQUIRE(fuzz_utf8_valid(key, len));
}

static void check(const struct slack_view *view, struct slack_incoming *incoming)
{
    struct slack_address address;
    if (incoming->kind == SLACK_BAD) {
        REQUIRE(incoming->why[0]);
    }
    if (incoming->kind == SLACK_QUESTION || incoming->kind == SLACK_COMMAND ||
        incoming->kind == SLACK_WRONG) {
        REQUIRE(incoming->kind == SLACK_WRONG || incoming->text.len > 0);
        REQUIRE(incoming->text.len <= SLACK_TEXT_READ_MAX);
        REQUIRE(incoming->text.len == 0 || !memchr(incoming->text.data, 0, incoming->text.len));
        REQUIRE(incoming->delivery[0] || incoming->identity[0]);
        REQUIRE(incoming->user[0] && incoming->channel[0] && incoming->team[0]);
        check_key(incoming->delivery, sizeof(incoming->delivery));
        check_key(incoming->identity, sizeof(incoming->identity));
        check_key(incoming->conversation, sizeof(incoming->conversation));
        check_key(incoming->address, sizeof(incoming->address));
        REQUIRE(slack_address_parse(incoming->address, &address));
        REQUIRE(strcmp(address.channel, incoming->channel) == 0);
        REQUIRE(!address.response_url[0] ||
                http_url_allowed(address.response_url, view->response_hosts));
    }
    slack_incoming_finish(incoming);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct slack_view each[] = {
        {{"T1", "UBOT", "BBOT"}, true, "hooks.slack.com"},
        {{"", "", ""}, false, "hooks.slack.com, 127.0.0.1:1"},
    };
    const char *body = (const char *)data;
    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        struct slack_incoming incoming;
        const struct slack_views views = {slack_view_of, &each[i]};
        slack_parse_event(&views, body, size, &incoming);
        check(&each[i], &incoming);
        slack_parse_command(&views, body, size, &incoming);
        check(&each[i], &incoming);
        slack_parse_action(&views, body, size, &incoming);
        check(&each[i], &incoming);
    }
    return 0;
}
