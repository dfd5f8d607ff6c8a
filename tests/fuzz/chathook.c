#include <string.h>

#include "adapters/chathook_parse.h"
#include "tests/fuzz/fuzz.h"

/* "f" and a form, or anything else and JSON: refused, or a post whose words are fit for keys. */
static void check_word(const char *word)
{
    size_t len = strlen(word);
    REQUIRE(len < CHATHOOK_FIELD_MAX);
    for (size_t i = 0; i < len; i++) {
        REQUIRE((unsigned char)word[i] >= 0x20 && word[i] != 0x7F);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chathook_post post;
    struct error err = {0};
    bool form = size > 0 && data[0] == 'f';
    const char *body = size > 0 ? (const char *)data + 1 : "";
    bool fine = chathook_parse(form, body, size > 0 ? size - 1 : 0, &post, &err);
    REQUIRE(fine || err.text[0]);
    if (fine) {
        check_word(post.token);
        check_word(post.channel);
        check_word(post.user);
        check_word(post.name);
        check_word(post.id);
        REQUIRE(post.text.len > 0 && post.text.len <= CHATHOOK_TEXT_MAX);
        REQUIRE(strlen(post.text.data) == post.text.len);
    }
    chathook_finish(&post);
    return 0;
}
