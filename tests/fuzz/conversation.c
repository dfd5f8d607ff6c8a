#include <string.h>

#include "bot/advisor/advisor.h"
#include "tests/fuzz/fuzz.h"

static void take_turn(const struct bench *bench, struct conversation *conversation,
                      const char *line, size_t len)
{
    /* The surface changes with the text, so that every order of surfaces can come up. */
    enum surface surface = (enum surface)((len ? (unsigned char)line[0] : 0) % SURFACE_COUNT);
    struct conversation copy = *conversation;
    struct outcome outcome, again;
    advisor_turn(bench->advisor, bench->workspace, conversation, surface, line, len, &outcome);
    fuzz_check_reading(bench, len);
    fuzz_check_turn(conversation, &outcome);
    fuzz_check_reply(bench->advisor, &outcome, (enum reply_length)(len % (LENGTH_FULL + 1)));

    /* The same question in the same place gets the same answer: no state hides in the workspace. */
    advisor_turn(bench->advisor, bench->workspace, &copy, surface, line, len, &again);
    REQUIRE(again.kind == outcome.kind && again.pack == outcome.pack);
    REQUIRE(again.facts.stated == outcome.facts.stated &&
            again.facts.denied == outcome.facts.denied);
    REQUIRE(again.verdict.kind == outcome.verdict.kind &&
            again.verdict.option == outcome.verdict.option);
}

/* Any bytes as a conversation: every line is a turn. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bench *bench = fuzz_bench();
    struct conversation conversation;
    conversation_init(&conversation);
    for (const char *line = (const char *)data, *end = line + size; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((stop ? stop : end) - line);
        take_turn(bench, &conversation, line, len);
        line += len + 1;
    }
    return 0;
}
