#include <string.h>

#include "adapters/page_html.h"
#include "adapters/page_inside.h"
#include "adapters/page_talk.h"
#include "bot/base/buf.h"
#include "bot/host/view.h"

enum {
    EXAMPLES = 3,
    OTHERS = 6,
    EXAMPLE_LEN_MAX = 120,
    FLIP_FACTS_MAX = 4096,
};

/* The option that a situation speaks for most; -1 none. */
static int side_of(const struct pack *pack, size_t situation)
{
    const struct pack_rule *best = NULL;
    for (size_t i = 0; i < pack->rule_count; i++) {
        const struct pack_rule *rule = &pack->rules[i];
        if ((size_t)rule->situation == situation &&
            (best == NULL || rule->strength > best->strength)) {
            best = rule;
        }
    }
    return best == NULL ? -1 : best->option;
}

static bool has(uint64_t set, size_t situation)
{
    return set >> situation & 1;
}

/* ---- what was said ---- */

static void put_marked(struct buf *ret, const char *text, const struct view_turn *turn)
{
    const struct pack *pack = turn->pack;
    size_t len = strlen(text), at = 0;
    for (size_t i = 0; i < turn->mark_count; i++) {
        const struct mark *mark = &turn->marks[i];
        const char *tag = mark->denied ? "del" : "mark";
        html_put(ret, text + at, mark->start - at);
        html_printf(ret, "<%s class=\"%s\" title=\"%s%s\">", tag,
                    page_side_class(side_of(pack, mark->situation)), mark->denied ? "not: " : "",
                    pack->situations[mark->situation].name);
        html_put(ret, text + mark->start, mark->end - mark->start);
        html_printf(ret, "</%s>", tag);
        at = mark->end;
    }
    html_put(ret, text + at, len - at);
}

static const struct pack_situation *find_situation(const struct pack *pack, const char *id,
                                                   size_t len)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        const char *known = pack->situations[i].id;
        if (strlen(known) == len && memcmp(known, id, len) == 0) {
            return &pack->situations[i];
        }
    }
    return NULL;
}

/* "Set by hand: a chat; not a React frontend" */
static void put_set_facts(struct buf *ret, const struct pack *pack, const char *facts)
{
    const char *between = "<p class=\"by-hand\">Set by hand: ";
    for (const char *at = facts; pack != NULL && *at != '\0';) {
        size_t len = strcspn(at, " ");
        const struct pack_situation *situation =
            len > 0 ? find_situation(pack, at + 1, len - 1) : NULL;
        if (situation != NULL) {
            buf_puts(ret, between);
            html_printf(ret, "%s%s",
                        *at == '-'   ? "not "
                        : *at == '!' ? "matters most: "
                        : *at == '~' ? "left open: "
                                     : "",
                        situation->name);
            between = "; ";
        }
        at += len + strspn(at + len, " ");
    }
    buf_puts(ret, between[0] == ';' ? "</p>" : "");
}

/* Facts set by hand after it may leave an answer as it was. */
static bool same_lead(const struct reply *said, const struct reply *answer)
{
    return said->block_count > 0 && answer->block_count > 0 &&
           strcmp(said->text + said->blocks[0].text, answer->text + answer->blocks[0].text) == 0;
}

static void put_turn(struct buf *ret, const struct talk *talk, const struct view *view, size_t i)
{
    const struct talk_turn *turn = &talk->turns[i];
    bool last = i + 1 == talk->count && same_lead(&view->turns[i].reply, &view->answer);
    buf_puts(ret, "<li>");
    if (turn->text[0] != '\0') {
        buf_puts(ret, "<p class=\"you\"><span class=\"vh\">You: </span>");
        put_marked(ret, turn->text, &view->turns[i]);
        buf_puts(ret, "</p>");
    }
    /* The last answer stands below, in full. */
    if (!last && view->turns[i].reply.block_count > 0) {
        buf_puts(ret, "<div class=\"bot\"><span class=\"vh\">Whether: </span>");
        html_put_reply(ret, &view->turns[i].reply, "said");
        buf_puts(ret, "</div>");
    }
    put_set_facts(ret, view->pack, turn->facts);
    html_printf(ret, "<input type=\"hidden\" name=\"s%zu\" value=\"%s\">", i, turn->text);
    html_printf(ret, "<input type=\"hidden\" name=\"f%zu\" value=\"%s\"></li>", i, turn->facts);
}

static void put_turns(struct buf *ret, const struct talk *talk, const struct view *view)
{
    size_t count = talk->count - talk->has_draft;
    if (count == 0) {
        return;
    }
    buf_puts(ret, "<ol class=\"turns\" aria-label=\"So far\">");
    for (size_t i = 0; i < count; i++) {
        put_turn(ret, talk, view, i);
    }
    buf_puts(ret, "</ol>");
}

static void put_entry_field(struct buf *ret, const struct talk *talk)
{
    bool begun = talk->count - talk->has_draft > 0;
    const char *draft = talk->has_draft ? talk->turns[talk->count - 1].text : "";
    if (talk->full) {
        buf_puts(ret, "<p class=\"full\">This is as long as a conversation gets here. "
                      "<a href=\"/\">Start over</a></p>");
        return;
    }
    html_printf(ret,
                "<div class=\"say\"><label for=\"text\">%s</label><textarea id=\"text\" "
                "name=\"text\" rows=\"3\" maxlength=\"2500\" autocomplete=\"off\" "
                "aria-describedby=\"hint\" placeholder=\"%s\">\n",
                begun ? "Anything else?" : "What are you building, with what, and who builds it?",
                begun ? "It is Vue, not React. Why? What would change it?"
                      : "Node or Django for ...");
    html_put(ret, draft, strlen(draft));
    buf_puts(ret, "</textarea><p class=\"go\"><button class=\"ask\" name=\"ask\" value=\"1\">"
                  "Ask</button>");
    buf_puts(ret, talk->count > 0 ? "<a href=\"/\">Start over</a>" : "");
    buf_puts(ret, "<span id=\"hint\">Facts that count are found in plain words.</span></p></div>");
}

static void put_example(struct buf *ret, const char *say)
{
    html_printf(ret, "<button name=\"try\" value=\"%s\">%s</button>", say, say);
}

/* Examples of the pack's own, and the other decisions that there are. */
static void put_examples(struct buf *ret, const struct knowledge *knowledge,
                         const struct pack *pack)
{
    size_t shown = 0;
    buf_puts(ret, "<div class=\"examples\"><p>For instance</p>");
    for (size_t i = 0; i < pack->example_count && shown < EXAMPLES; i++) {
        const struct pack_example *example = &pack->examples[i];
        const char *say = example->say.count == 1 ? example->say.items[0].text : NULL;
        if (say != NULL && strlen(say) <= EXAMPLE_LEN_MAX && example->verdicts.count > 0) {
            put_example(ret, say);
            shown++;
        }
    }
    for (size_t i = 0; i < knowledge->count && shown < EXAMPLES + OTHERS; i++) {
        if (knowledge->packs[i] != pack) {
            put_example(ret, knowledge->packs[i]->question);
            shown++;
        }
    }
    buf_puts(ret, "</div>");
}

/* ---- what would change it ---- */

static void put_names(struct buf *ret, const struct pack *pack, const char *lead, uint64_t set)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (has(set, i)) {
            html_printf(ret, "%s%s", lead, pack->situations[i].name);
            lead = " and ";
        }
    }
}

static void put_flip(struct buf *ret, const struct pack *pack, const struct view_flip *flip)
{
    struct buf facts;
    buf_init(&facts, FLIP_FACTS_MAX);
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (has(flip->add | flip->drop, i)) {
            buf_printf(&facts, "%s%c%s", facts.len ? " " : "", has(flip->add, i) ? '+' : '-',
                       pack->situations[i].id);
        }
    }
    html_printf(ret, "<li class=\"%s\"><button name=\"press\" value=\"%s\">",
                page_side_class(flip->end == VIEW_PICK ? flip->option : -1),
                facts.data ? facts.data : "");
    put_names(ret, pack, "without ", flip->drop);
    put_names(ret, pack, flip->drop ? ", with " : "with ", flip->add);
    html_printf(ret, "</button> <span>%s</span></li>",
                flip->end == VIEW_PICK      ? pack->options[flip->option].name
                : flip->end == VIEW_DEPENDS ? "it depends"
                                            : "nothing left to go by");
    buf_finish(&facts);
}

static void put_flips(struct buf *ret, const struct view *view)
{
    if (view->flip_count == 0) {
        return;
    }
    buf_puts(ret, view->end == VIEW_ASK
                      ? "<section class=\"flips\"><h2>What would decide it</h2><ul>"
                      : "<section class=\"flips\"><h2>What would change it</h2><ul>");
    for (size_t i = 0; i < view->flip_count; i++) {
        put_flip(ret, view->pack, &view->flips[i]);
    }
    buf_puts(ret, "</ul></section>");
}

static void put_question(struct buf *ret, const struct view *view)
{
    if (view->asks < 0) {
        return;
    }
    const struct pack_situation *situation = &view->pack->situations[view->asks];
    html_printf(ret,
                "<section class=\"asks\"><h2>One question would decide most</h2><p>%s</p>"
                "<button name=\"press\" value=\"+%s\">Yes</button>"
                "<button name=\"press\" value=\"-%s\">No</button></section>",
                situation->question, situation->id, situation->id);
}

/* ---- the two sides ---- */

/* Where it depends, what matters most decides. */
static void put_emphasis(struct buf *ret, const struct view *view,
                         const struct pack_situation *situation, bool heavy)
{
    if (heavy || view->end == VIEW_DEPENDS) {
        html_printf(ret,
                    "<button class=\"small\" name=\"press\" value=\"%s%s\" aria-pressed=\"%s\" "
                    "aria-label=\"Matters most: %s\">matters most</button>",
                    heavy ? "+" : "!", situation->id, heavy ? "true" : "false", situation->name);
    }
}

static void put_reason(struct buf *ret, const struct view *view, const struct pack_rule *rule)
{
    const struct pack_situation *situation = &view->pack->situations[rule->situation];
    size_t s = (size_t)rule->situation;
    html_printf(ret, "<li><p><strong>%s</strong>%s, because %s. <cite>%s</cite></p><div>",
                situation->name, has(view->light, s) ? " (a detail)" : "", rule->because,
                view->pack->sections[rule->section].title);
    html_printf(ret,
                "<button class=\"small\" name=\"press\" value=\"-%s\" aria-label=\"Not so: %s\">"
                "not so</button>",
                situation->id, situation->name);
    put_emphasis(ret, view, situation, has(view->heavy, s));
    buf_puts(ret, "</div></li>");
}

static void put_reasons(struct buf *ret, const struct view *view, int option)
{
    bool any = false;
    for (size_t i = 0; i < view->reason_count; i++) {
        const struct pack_rule *rule = &view->pack->rules[view->reasons[i]];
        if (rule->option == option) {
            buf_puts(ret, any ? "" : "<ul class=\"reasons\">");
            put_reason(ret, view, rule);
            any = true;
        }
    }
    buf_puts(ret, any ? "</ul>" : "<p class=\"nothing\">Nothing said so far speaks for it.</p>");
}

static void put_chip(struct buf *ret, const struct pack_situation *situation, bool denied)
{
    if (denied) {
        html_printf(ret,
                    "<span class=\"chip denied\"><button name=\"press\" value=\"~%s\" "
                    "aria-label=\"%s: denied, take that back\"><del>%s</del></button></span>",
                    situation->id, situation->name, situation->name);
        return;
    }
    html_printf(ret,
                "<span class=\"chip\"><button name=\"press\" value=\"+%s\">%s</button>"
                "<button class=\"no\" name=\"press\" value=\"-%s\" title=\"not so\" "
                "aria-label=\"Not so: %s\">"
                "\xc3\x97</button></span>",
                situation->id, situation->name, situation->id, situation->name);
}

static void put_chips(struct buf *ret, const struct view *view, int option)
{
    const struct pack *pack = view->pack;
    html_printf(ret,
                "<p class=\"label\" id=\"more-%d\">Would speak for %s, if it is so</p>"
                "<div class=\"chips\" role=\"group\" aria-labelledby=\"more-%d\">",
                option, pack->options[option].name, option);
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (side_of(pack, i) == option && !has(view->stated, i)) {
            put_chip(ret, &pack->situations[i], has(view->denied, i));
        }
    }
    buf_puts(ret, "</div>");
}

static void put_sides(struct buf *ret, const struct view *view)
{
    buf_puts(ret, "<div class=\"sides\">");
    for (size_t i = 0; i < view->pack->option_count; i++) {
        html_printf(ret,
                    "<section class=\"side %s\" aria-labelledby=\"side-%zu\"><h2 id=\"side-%zu\">",
                    page_side_class((int)i), i, i);
        html_printf(ret, "%s</h2>", view->pack->options[i].name);
        put_reasons(ret, view, (int)i);
        put_chips(ret, view, (int)i);
        buf_puts(ret, "</section>");
    }
    buf_puts(ret, "</div>");
}

static void put_neutral(struct buf *ret, const struct view *view)
{
    const char *between = "<p class=\"neutral\">Heard, but no rule rests on it: ";
    for (size_t i = 0; i < view->pack->situation_count; i++) {
        if (has(view->stated, i) && side_of(view->pack, i) < 0) {
            buf_puts(ret, between);
            html_printf(ret, "%s", view->pack->situations[i].name);
            between = ", ";
        }
    }
    buf_puts(ret, between[0] == ',' ? ".</p>" : "");
}

/* ---- the answer ---- */

static void put_source(struct buf *ret, const struct pack *pack)
{
    buf_puts(ret, "<footer>");
    if (pack->caveat != NULL) {
        html_printf(ret, "<p>%s</p>", pack->caveat);
    }
    html_printf(ret,
                "<p>The rules come from \xe2\x80\x9c%s\xe2\x80\x9d, %s, %s. "
                "<a href=\"/rules\">All of them</a></p></footer>",
                pack->source.title, pack->source.author, pack->source.date);
}

static void put_lead(struct buf *ret, const struct talk *talk, const struct view *view)
{
    buf_puts(ret, "<div class=\"verdict\" id=\"verdict\">");
    if (view->answer.block_count > 0) {
        html_put_reply(ret, &view->answer, "lead");
    } else if (talk->count > 0) {
        buf_puts(ret, "<p class=\"lead\">I have nothing to say to that.</p>");
    } else if (view->pack != NULL) {
        html_printf(ret, "<p class=\"thumb\">%s</p>", view->pack->rule_of_thumb);
    }
    buf_puts(ret, "</div>");
}

/* What is being typed, as it is read. */
static void put_draft(struct buf *ret, const struct talk *talk, const struct view *view)
{
    if (!talk->has_draft) {
        return;
    }
    const struct talk_turn *draft = &talk->turns[talk->count - 1];
    buf_puts(ret, "<p class=\"heard\"><span class=\"tag\">As I read it</span>");
    put_marked(ret, draft->text, &view->turns[talk->count - 1]);
    buf_puts(ret, "</p>");
    put_set_facts(ret, view->pack, draft->facts);
    html_printf(ret, "<input type=\"hidden\" name=\"facts\" value=\"%s\">", draft->facts);
}

static void put_answer(struct buf *ret, const struct talk *talk, const struct view *view)
{
    const struct pack *pack = view->pack;
    buf_puts(ret, "<div id=\"answer\">");
    put_lead(ret, talk, view);
    put_draft(ret, talk, view);
    if (pack != NULL && pack->situation_count > 0 && !pack->pointer) {
        buf_puts(ret, "<div class=\"why\"><figure>");
        page_put_balance(ret, view);
        buf_puts(ret, "</figure><div class=\"next\">");
        put_question(ret, view);
        put_flips(ret, view);
        buf_puts(ret, "</div></div>");
        put_sides(ret, view);
        put_neutral(ret, view);
        put_source(ret, pack);
    }
    buf_puts(ret, "</div>");
}

void page_put_ask(struct buf *ret, const struct knowledge *knowledge, const struct talk *talk,
                  const struct view *view)
{
    const struct pack *pack = view->pack;
    html_begin(ret, pack == NULL ? "Whether" : pack->question, "ask");
    html_printf(
        ret, "<h1>%s</h1><form method=\"post\" action=\"/ask\" id=\"talk\" autocomplete=\"off\">",
        pack == NULL ? "Which one?" : pack->question);
    put_turns(ret, talk, view);
    put_entry_field(ret, talk);
    if (talk->count == 0 && pack != NULL) {
        put_examples(ret, knowledge, pack);
    }
    put_answer(ret, talk, view);
    buf_puts(ret, "</form><p class=\"vh\" role=\"status\" id=\"status\"></p>");
    html_end(ret);
}
