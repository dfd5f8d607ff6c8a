#include "bot/advisor/advisor.h"
#include "tests/fuzz/fuzz.h"

/* Any bytes as one message, overheard and addressed: read, decided, replied, worded. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bench *bench = fuzz_bench();
    for (int surface = 0; surface < SURFACE_COUNT; surface++) {
        struct conversation conversation;
        struct outcome outcome;
        conversation_init(&conversation);
        advisor_turn(bench->advisor, bench->workspace, &conversation, (enum surface)surface,
                     (const char *)data, size, &outcome);
        REQUIRE(size <= TEXT_MAX || outcome.truncated);
        REQUIRE(surface == SURFACE_AMBIENT || outcome.kind != KIND_SILENT);
        fuzz_check_reading(bench, size);
        fuzz_check_turn(&conversation, &outcome);
        for (int length = LENGTH_LINE; length <= LENGTH_FULL; length++) {
            fuzz_check_reply(bench->advisor, &outcome, (enum reply_length)length);
        }
    }
    return 0;
}
