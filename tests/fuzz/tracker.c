#include <string.h>

#include "adapters/http_body.h"
#include "adapters/tracker_kind.h"
#include "adapters/tracker_text.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "tests/fuzz/fuzz.h"

/*
 * Which tracker (a letter), the name of an event (to the end of the line), and a body: refused,
 * ignored, or an event whose parts are within their bounds and cannot break out of keys, addresses
 * and URLs. The generic one also takes its pointers from the body: "/a" and the like.
 */
static char pointers[4][64], label_ask[] = "stack-decision", label_record[] = "decision-record",
                             hosts[] = "hooks.example, 127.0.0.1:1";

static void check_word(const char *word, size_t cap)
{
    size_t len = strlen(word);
    REQUIRE(len < cap);
    REQUIRE(strcspn(word, "\r\n\t") == len);
    REQUIRE(fuzz_utf8_valid(word, len));
}

static void check_request(const struct tracker_kind *kind, const struct ticket_place *place)
{
    const struct tracker_parcel parcel = {.kind = kind,
                                          .api = "https://api.example",
                                          .place = place,
                                          .payload = "{\"a\":[\"\\u0001\"]}",
                                          .payload_len = sizeof("{\"a\":[\"\\u0001\"]}") - 1,
                                          .mark = "whether:1.2",
                                          .page = 1};
    for (int method = 0; method < TRACKER_METHODS; method++) {
        struct buf url, body;
        buf_init(&url, 4096);
        buf_init(&body, 4096);
        REQUIRE(tracker_request_format(&parcel, (enum tracker_method)method, &url, &body));
        if (url.len > 0) {
            REQUIRE(strncmp(url.data, "https://api.example", 19) == 0 ||
                    http_url_allowed(url.data, hosts));
            REQUIRE(strstr(url.data, "..") == NULL || place->reply[0]);
            REQUIRE(strcspn(url.data, " \r\n\"") == url.len);
        }
        if (body.len > 0) {
            struct error err = {0};
            json_t *json = http_json_parse(body.data, body.len, &err);
            REQUIRE(json != NULL);
            json_decref(json);
        }
        buf_finish(&url);
        buf_finish(&body);
    }
}

static void check_said(const struct ticket_event *event, enum tracker_markup markup)
{
    static const struct tracker_names names = {{"whether", "bot", NULL}, "5b"};
    struct buf said;
    bool mentioned;
    buf_init(&said, 2 * TICKET_TEXT_MAX);
    tracker_text_read(markup, event->text.len > 0 ? event->text.data : "", event->text.len, &names,
                      &said, &mentioned);
    REQUIRE(!said.failed);
    /* A line end may come that was not there. */
    REQUIRE(said.len <= event->text.len + 1);
    buf_finish(&said);
}

static void check(const struct tracker_kind *kind, struct ticket_event *event)
{
    REQUIRE(event->why != NULL && (event->what != TICKET_BAD || event->why[0]));
    if (event->what != TICKET_BAD && event->what != TICKET_IGNORED) {
        char address[TICKET_ADDRESS_MAX];
        struct ticket_place back;
        check_word(event->id, sizeof(event->id));
        check_word(event->version, sizeof(event->version));
        check_word(event->author, sizeof(event->author));
        check_word(event->sender, sizeof(event->sender));
        REQUIRE(event->of != NULL || event->what == TICKET_QUESTION);
        REQUIRE(event->text.len <= TICKET_TEXT_MAX);
        REQUIRE(fuzz_utf8_valid(event->text.data, event->text.len));
        ticket_place_format(&event->place, address);
        REQUIRE(ticket_place_parse(address, &back));
        REQUIRE(strcmp(back.project, event->place.project) == 0 &&
                strcmp(back.number, event->place.number) == 0 &&
                strcmp(back.reply, event->place.reply) == 0);
        check_request(kind, &back);
        check_said(event, kind->text);
    }
    ticket_finish(event);
}

static size_t take_line(const uint8_t **data, size_t *size, char *ret, size_t cap)
{
    const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
    size_t len = end ? (size_t)(end - *data) : *size, kept = len < cap - 1 ? len : cap - 1;
    if (kept > 0) {
        memcpy(ret, *data, kept);
    }
    ret[kept] = '\0';
    len += end != NULL;
    *data += len;
    *size -= len;
    return kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char head[64];
    take_line(&data, &size, head, sizeof(head));
    enum config_tracker_kind which = (unsigned char)head[0] % CONFIG_TRACKERS;
    if (which == CONFIG_GENERIC) {
        for (size_t i = 0; i < 4; i++) {
            take_line(&data, &size, pointers[i], sizeof(pointers[i]));
        }
    }
    const struct config_tracker config = {.ask_label = label_ask,
                                          .record_label = label_record,
                                          .text = pointers[0],
                                          .id = pointers[1],
                                          .author = pointers[2],
                                          .reply = pointers[3],
                                          .reply_hosts = hosts};
    struct error err = {0};
    json_t *body = http_json_parse((const char *)data, size, &err);
    const struct ticket_view view = {&tracker_kinds[which], &config, head[0] ? head + 1 : NULL};
    for (size_t i = 0; i < 4; i++) {
        REQUIRE(http_json_pointer_valid(pointers[i]) || http_json_at(body, pointers[i]) == NULL);
    }
    if (body != NULL) {
        struct ticket_event event;
        ticket_parse(&view, body, &event);
        check(&tracker_kinds[which], &event);
    }
    json_decref(body);
    return 0;
}
