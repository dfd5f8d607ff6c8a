#include "bot/reader/small_talk.h"

#include "bot/reader/english.h"
#include "bot/reader/read.h"

/* More words are no small talk. */
enum { SMALL_TALK = 12 };

bool small_talk_from(const struct reading *r, uint32_t first)
{
    static const uint64_t talk = 1ull << EN_THANKS | 1ull << EN_BYE | 1ull << EN_FINE |
                                 1ull << EN_HELLO | 1ull << EN_YES_ANSWER | 1ull << EN_NOW |
                                 1ull << EN_SECTION_LIGHT | 1ull << EN_TO_OTHERS;
    bool thanks = false;
    if (r->tokens.count - first > SMALL_TALK) {
        return false;
    }
    for (uint32_t k = matches_from(&r->matches, first); k < r->matches.count; k++) {
        const struct match *match = &r->matches.items[k];
        if (match->target.type != TARGET_ENGLISH || !(talk >> match->target.item & 1)) {
            return false;
        }
        thanks = thanks || (match->target.item == EN_THANKS && match->first == first);
    }
    return thanks;
}

/* Whether the words before `end` ask something or name anything that a pack knows. */
static bool says_something(const struct reading *r, uint32_t end)
{
    for (uint32_t k = 0; k < r->matches.count && r->matches.items[k].last < end; k++) {
        if (r->matches.items[k].target.type != TARGET_ENGLISH) {
            return true;
        }
    }
    for (uint32_t i = 0; i < end; i++) {
        if (r->tokens.items[i].flags & TOKEN_QUESTION) {
            return true;
        }
    }
    return false;
}

/* Takes off the small talk that ends a message, so that politeness changes no answer. */
void small_talk_drop(struct reading *r)
{
    uint32_t first = r->tokens.count;
    for (uint32_t words = 0; words < SMALL_TALK && first > 1; words++) {
        const struct token *token = &r->tokens.items[--first];
        if (token->flags & TOKEN_QUESTION) {
            return;
        }
        if (token->border >= BORDER_SENTENCE) {
            if (small_talk_from(r, first) && says_something(r, first)) {
                r->tokens.count = first;
                r->matches.count = matches_from(&r->matches, first);
            }
            return;
        }
    }
}
