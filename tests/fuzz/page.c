#include <string.h>

#include "adapters/page_inside.h"
#include "adapters/page_talk.h"
#include "bot/advisor/advisor.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/host/view.h"
#include "knowledge/pack.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/htmlcheck.h"

/*
 * Any bytes as the page's form, and as what was asked in vain: refused with a sentence, or a page
 * that is whole and holds no markup but ours; and what the page sends along is taken again.
 */
enum { PAGE_MAX = 8 * 1024 * 1024 };

static void check(struct buf *page)
{
    size_t at;
    REQUIRE(!page->failed && page->data != NULL);
    REQUIRE(html_fine(page->data, page->len, &at));
    buf_clear(page);
}

static void check_turns(const struct talk *talk)
{
    REQUIRE(talk->count <= VIEW_TURNS_MAX);
    for (size_t i = 0; i < talk->count; i++) {
        REQUIRE(talk->turns[i].text != NULL && talk->turns[i].facts != NULL);
        REQUIRE(strlen(talk->turns[i].text) <= TALK_TEXT_MAX);
    }
    REQUIRE(!talk->asked || !talk->has_draft);
}

static void show_form(const char *body, size_t size, struct buf *page)
{
    static struct view view;
    const struct bench *bench = fuzz_bench();
    const struct viewer viewer = {bench->advisor, bench->workspace, LENGTH_SHORT};
    struct view_said said[VIEW_TURNS_MAX];
    struct error err = {0};
    struct outcome outcome;
    struct talk talk;
    if (!talk_parse(body, size, &talk, &err)) {
        REQUIRE(err.text[0] != '\0');
        page_put_sentence(page, "No", err.text);
        check(page);
        return;
    }
    check_turns(&talk);
    talk_said(&talk, said);
    view_make(&viewer, said, talk.count, &view, &outcome);
    REQUIRE((view.stated & view.denied) == 0);
    page_put_ask(page, bench->knowledge, &talk, &view);
    check(page);
    talk_finish(&talk);
}

static void show_gap(const char *text, size_t size, struct buf *page)
{
    static const char *const kinds[] = {"unknown", "ask", "wrong", "<x>"};
    const struct pack *pack = fuzz_bench()->knowledge->packs[0];
    char copy[GAP_TEXT_MAX + 1] = {0};
    memcpy(copy, text, size < GAP_TEXT_MAX ? size : GAP_TEXT_MAX);
    page_begin_gaps(page);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct gap gap = {.text = copy, .kind = kinds[i], .count = i};
        page_put_gap(page, &gap, i == 0 ? NULL : pack);
    }
    page_end_gaps(page, size % 2);
    check(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf page;
    if (size > 16 * 1024) {
        return 0;
    }
    buf_init(&page, PAGE_MAX);
    show_form((const char *)data, size, &page);
    show_gap((const char *)data, size, &page);
    buf_finish(&page);
    return 0;
}
