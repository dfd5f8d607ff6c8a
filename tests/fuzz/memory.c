#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/host/memory.h"
#include "tests/fuzz/fuzz.h"

/*
 * Any bytes as what the store kept of a conversation: a conversation that formats to the same bytes
 * again, or a new one; and a turn of either is fine.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bench *bench = fuzz_bench();
    struct memory memory;
    struct conversation talk, fresh;
    struct outcome outcome;
    unsigned char bytes[MEMORY_BYTES_MAX];
    memory_init(&memory, bench->knowledge);
    conversation_init(&fresh);
    if (memory_parse(&memory, data, size, &talk)) {
        struct conversation again;
        size_t len = memory_format(&memory, &talk, bytes);
        REQUIRE(len <= sizeof(bytes) && len <= size);
        REQUIRE(memory_parse(&memory, bytes, len, &again));
        REQUIRE(memcmp(&again, &talk, sizeof(talk)) == 0);
    } else {
        REQUIRE(memcmp(&talk, &fresh, sizeof(talk)) == 0);
    }
    advisor_turn(bench->advisor, bench->workspace, &talk, SURFACE_DM, "why?", 4, &outcome);
    fuzz_check_turn(&talk, &outcome);
    return 0;
}
