#include <string.h>

#include "adapters/tracker_text.h"
#include "bot/base/buf.h"
#include "tests/fuzz/fuzz.h"

/*
 * Any text in both markups: no more comes out than went in, and who has no name is not mentioned.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tracker_names names = {{"whether", "w", NULL}, "5b"};
    static const struct tracker_names nobody = {{NULL, "", NULL}, ""};
    for (int markup = TRACKER_MARKDOWN; markup <= TRACKER_WIKI; markup++) {
        struct buf said;
        bool mentioned;
        buf_init(&said, 2 * size + 16);
        tracker_text_read((enum tracker_markup)markup, (const char *)data, size, &names, &said,
                          &mentioned);
        REQUIRE(!said.failed && said.len <= size + 1);
        REQUIRE(!mentioned || memchr(data, '@', size) || memchr(data, '[', size));
        buf_clear(&said);
        tracker_text_read((enum tracker_markup)markup, (const char *)data, size, &nobody, &said,
                          &mentioned);
        REQUIRE(!mentioned);
        buf_finish(&said);
    }
    tracker_text_is_own((const char *)data, size);
    return 0;
}
