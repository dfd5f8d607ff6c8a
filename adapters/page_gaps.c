#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "adapters/page_html.h"
#include "adapters/page_inside.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/host/gap.h"
#include "knowledge/pack.h"

enum { DAY_BYTES = 16, ENTRY_MAX = 64 * 1024 };

/* What the three kinds of gap.h mean, for people. */
static const struct {
    const char *kind, *meaning;
} kinds[] = {
    {"unknown", "nothing answers it"},
    {"ask", "no fact that counts"},
    {"wrong", "the answer was wrong"},
};

/* UTC, as in the log. */
static void format_day(int64_t ms, char ret[DAY_BYTES])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm day = {0};
    gmtime_r(&seconds, &day);
    strftime(ret, DAY_BYTES, "%Y-%m-%d", &day);
}

void page_begin_gaps(struct buf *ret)
{
    html_begin(ret, "Not understood", NULL);
    buf_puts(ret,
             "<h1>Not understood</h1><p class=\"intro\">What was asked in vain, most frequent "
             "first, in the words of the first who asked. Each comes with an entry for a pack: "
             "copy it, put in what your source says, and run <code>whether check</code>.</p>"
             "<ul class=\"gaps\">");
}

void page_put_gap(struct buf *ret, const struct gap *gap, const struct pack *pack)
{
    char first[DAY_BYTES], last[DAY_BYTES];
    const char *meaning = gap->kind;
    struct buf entry;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        meaning = strcmp(kinds[i].kind, gap->kind) == 0 ? kinds[i].meaning : meaning;
    }
    format_day(gap->first_ms, first);
    format_day(gap->last_ms, last);
    html_printf(ret, "<li><p class=\"question\">%s</p><p class=\"when\"><b>%zu\xc3\x97</b> %s, ",
                gap->text, (size_t)gap->count, meaning);
    if (strcmp(first, last) == 0) {
        html_printf(ret, "on %s</p>", first);
    } else {
        html_printf(ret, "from %s to %s</p>", first, last);
    }
    if (pack != NULL) {
        buf_init(&entry, ENTRY_MAX);
        const char *list = page_put_entry(&entry, gap, pack);
        html_printf(ret,
                    "<details><summary>An entry for <code>%s</code> of %s</summary><pre "
                    "class=\"entry\" tabindex=\"0\" aria-label=\"Entry to copy\"><code>%s</code>"
                    "</pre></details>",
                    list, pack->id, entry.data ? entry.data : "");
        buf_finish(&entry);
    }
    buf_puts(ret, "</li>");
}

void page_end_gaps(struct buf *ret, size_t count)
{
    buf_puts(ret, "</ul>");
    if (count == 0) {
        buf_puts(ret, "<p class=\"nothing\">Nothing yet: every question was understood, or none "
                      "was asked.</p>");
    }
    html_end(ret);
}

void page_put_record(struct buf *ret, const char *text, size_t len)
{
    html_begin(ret, "A decision record", NULL);
    buf_puts(ret,
             "<h1>A decision record</h1><p class=\"intro\">As it was last asked for, in "
             "Markdown (MADR), to be kept where the project keeps its decisions. Whoever has the "
             "address of this page can read it.</p><pre class=\"entry\" tabindex=\"0\" "
             "aria-label=\"Record to copy\"><code>");
    html_put(ret, text, len);
    buf_puts(ret, "</code></pre>");
    html_end(ret);
}

void page_put_sentence(struct buf *ret, const char *title, const char *sentence)
{
    html_begin(ret, title, NULL);
    html_printf(ret, "<h1>%s</h1><p class=\"intro\">%s</p><p><a href=\"/\">To the page</a></p>",
                title, sentence);
    html_end(ret);
}
