#include <string.h>

#include "bot/reader/text.h"
#include "bot/reader/token.h"
#include "tests/fuzz/fuzz.h"

/* Any bytes through the reader's first two stages: plain text, then words. */

static void check_text(const struct text *text, size_t size)
{
    REQUIRE(text->len <= TEXT_NORMAL_MAX);
    REQUIRE(text->line_count <= TEXT_LINES_MAX);
    REQUIRE(fuzz_utf8_valid(text->normal, text->len));
    REQUIRE(!memchr(text->normal, '\0', text->len) && !memchr(text->normal, '\r', text->len));
    for (uint32_t i = 0; i < text->len; i++) {
        REQUIRE(text->source[i] <= size);
    }
    for (uint32_t i = 0; i < text->line_count; i++) {
        REQUIRE(text->lines[i].start <= text->len);
        REQUIRE(i == 0 || text->lines[i].start >= text->lines[i - 1].start);
    }
}

static void check_tokens(const struct tokens *tokens, const struct text *text, size_t size)
{
    REQUIRE(tokens->count <= TOKENS_MAX);
    for (uint32_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        REQUIRE(token->start <= token->end && token->end <= size);
        REQUIRE(token->line < text->line_count);
        REQUIRE(token->border <= BORDER_PARAGRAPH);
        REQUIRE(token->word && token->stem);
        REQUIRE(token->len < WORD_MAX && token->letters[token->len] == '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Large, and a workspace's business in the program: here they simply stay. */
    static struct text text;
    static struct tokens tokens;
    static struct stemmer *stemmer;
    if (!stemmer) {
        stemmer = stemmer_create();
    }
    text_read(&text, (const char *)data, size);
    check_text(&text, size);
    tokens_read(&tokens, &text, stemmer);
    check_tokens(&tokens, &text, size);
    return 0;
}
