#include <stdbool.h>
#include <string.h>

#include "adapters/page_html.h"
#include "adapters/page_inside.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "knowledge/pack.h"

static const char *const strengths[] = {
    [STRENGTH_NUDGE] = "nudge", [STRENGTH_STRONG] = "strong", [STRENGTH_DECISIVE] = "decisive"};

/*
 * On a narrow screen the rows become lists: roles keep them a table, and each rule names its side.
 */
static void put_cell(struct buf *ret, const struct pack *pack, size_t situation, int option)
{
    bool any = false;
    for (size_t i = 0; i < pack->rule_count; i++) {
        const struct pack_rule *rule = &pack->rules[i];
        if ((size_t)rule->situation != situation || rule->option != option) {
            continue;
        }
        buf_puts(ret, any ? "" : "<td role=\"cell\">");
        html_printf(ret,
                    "<span class=\"force %s %s\"><span class=\"of\">%s: </span>%s</span> %s. "
                    "<cite>%s</cite>",
                    strengths[rule->strength], page_side_class(option), pack->options[option].name,
                    strengths[rule->strength], rule->because, pack->sections[rule->section].title);
        any = true;
    }
    buf_puts(ret, any ? "</td>" : "<td role=\"cell\" class=\"empty\"></td>");
}

static bool counts(const struct pack *pack, size_t situation)
{
    for (size_t i = 0; i < pack->rule_count; i++) {
        if ((size_t)pack->rules[i].situation == situation) {
            return true;
        }
    }
    return false;
}

static void put_row(struct buf *ret, const struct pack *pack, size_t situation)
{
    html_printf(ret, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">%s</th>",
                pack->situations[situation].name);
    for (size_t i = 0; i < pack->option_count; i++) {
        put_cell(ret, pack, situation, (int)i);
    }
    buf_puts(ret, "</tr>");
}

static void put_table(struct buf *ret, const struct pack *pack)
{
    html_printf(ret,
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Rules: %s\">"
                "<table role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">"
                "<th role=\"columnheader\" scope=\"col\">If there is</th>",
                pack->title);
    for (size_t i = 0; i < pack->option_count; i++) {
        html_printf(ret, "<th role=\"columnheader\" scope=\"col\" class=\"%s\">%s</th>",
                    page_side_class((int)i), pack->options[i].name);
    }
    buf_puts(ret, "</tr></thead><tbody role=\"rowgroup\">");
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (counts(pack, i)) {
            put_row(ret, pack, i);
        }
    }
    buf_puts(ret, "</tbody></table></div>");
}

/* What is known and decides nothing. */
static void put_neutral(struct buf *ret, const struct pack *pack)
{
    const char *between = "<p class=\"neutral\">Understood, but no rule rests on it: ";
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (!counts(pack, i)) {
            buf_puts(ret, between);
            html_printf(ret, "%s", pack->situations[i].name);
            between = ", ";
        }
    }
    buf_puts(ret, between[0] == ',' ? ".</p>" : "");
}

static void put_source(struct buf *ret, const struct pack *pack)
{
    const char *url = pack->source.url ? pack->source.url : "";
    bool web = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
    html_printf(ret,
                web ? "<p class=\"source\">From <a rel=\"noreferrer\" href=\"%s\">"
                    : "<p class=\"source\">From \xe2\x80\x9c%s",
                web ? url : pack->source.title);
    if (web) {
        html_printf(ret, "%s</a>", pack->source.title);
    }
    html_printf(ret, "%s, %s, %s</p>", web ? "" : "\xe2\x80\x9d", pack->source.author,
                pack->source.date);
}

static void put_pack(struct buf *ret, const struct pack *pack)
{
    html_printf(ret, "<article id=\"%s\"><h2>%s</h2><p class=\"thumb\">%s</p>", pack->id,
                pack->question, pack->rule_of_thumb);
    if (pack->pointer || pack->situation_count == 0) {
        buf_puts(ret, "<p class=\"nothing\">The source only points at this decision: no verdicts."
                      "</p>");
    } else {
        put_table(ret, pack);
        put_neutral(ret, pack);
    }
    if (pack->caveat != NULL) {
        html_printf(ret, "<p class=\"caveat\">%s</p>", pack->caveat);
    }
    put_source(ret, pack);
    buf_puts(ret, "</article>");
}

void page_put_rules(struct buf *ret, const struct knowledge *knowledge)
{
    html_begin(ret, "Rules", "rules");
    buf_puts(ret,
             "<h1>The rules</h1><p class=\"intro\">What is stated of a project puts its "
             "weight on a side. A decisive rule settles most cases by itself, a strong one is "
             "a real reason, a nudge tips the scales. A side is picked when it outweighs every "
             "other by far; else it depends.</p>");
    for (size_t i = 0; i < knowledge->count; i++) {
        put_pack(ret, knowledge->packs[i]);
    }
    html_end(ret);
}
