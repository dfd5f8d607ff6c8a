#include "adapters/page_talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"

/* A turn's own, those set while typing, and those of a button. */
enum { FACTS_JOINED_MAX = 4 * TALK_FACTS_MAX };

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static const char *field(const struct http_form *form, const char *name)
{
    const char *value = http_form_get(form, name);
    return value == NULL ? "" : value;
}

/* ---- facts ---- */

/* Whether a later word of the list is about the same situation. */
static bool comes_again(const char *word, size_t len)
{
    for (const char *at = word + len; *at != '\0';) {
        at += strspn(at, " ");
        size_t other = strcspn(at, " ");
        if (other == len && len > 0 && memcmp(at + 1, word + 1, len - 1) == 0) {
            return true;
        }
        at += other;
    }
    return false;
}

/* What was set, and what is set after it: each situation once. */
static char *join_facts(const char *before, const char *after)
{
    struct buf all, ret;
    buf_init(&all, FACTS_JOINED_MAX);
    buf_init(&ret, FACTS_JOINED_MAX);
    buf_printf(&all, "%s %s", before, after);
    buf_puts(&ret, "");
    for (const char *at = all.data; *at != '\0';) {
        at += strspn(at, " ");
        size_t len = strcspn(at, " ");
        if (len > 0 && !comes_again(at, len)) {
            buf_printf(&ret, "%s%.*s", ret.len > 0 ? " " : "", (int)len, at);
        }
        at += len;
    }
    buf_finish(&all);
    return buf_take(&ret, NULL);
}

static void add_facts(struct talk_turn *turn, const char *facts)
{
    char *joined = join_facts(turn->facts, facts);
    free(turn->facts);
    turn->facts = joined;
}

/* ---- the form ---- */

static bool check_sizes(const struct http_form *form, struct error *err)
{
    size_t texts = 0;
    for (size_t i = 0; i < form->count; i++) {
        const char *name = form->fields[i].name;
        size_t len = strlen(form->fields[i].value);
        bool text = name[0] == 's' || strcmp(name, "text") == 0 || strcmp(name, "try") == 0;
        if (len > (size_t)(text ? TALK_TEXT_MAX : TALK_FACTS_MAX)) {
            return error_set(err, ERROR_INPUT,
                             "That is too long: a message has at most %d bytes here.",
                             TALK_TEXT_MAX);
        }
        texts += text ? len : 0;
    }
    return texts <= TALK_TEXTS_MAX ||
           error_set(err, ERROR_INPUT,
                     "This conversation is too long; start over, and say what counts.");
}

static struct talk_turn *add_turn(struct talk *talk, const char *text, const char *facts)
{
    struct talk_turn *turn = &talk->turns[talk->count++];
    *turn = (struct talk_turn){.text = text, .facts = join_facts(facts, "")};
    return turn;
}

static void take_turns(struct talk *talk)
{
    for (int i = 0; i < VIEW_TURNS_MAX; i++) {
        char text[8], facts[8];
        snprintf(text, sizeof(text), "s%d", i);
        snprintf(facts, sizeof(facts), "f%d", i);
        const char *said = field(&talk->form, text), *set = field(&talk->form, facts);
        if (!is_blank(said) || !is_blank(set)) {
            add_turn(talk, is_blank(said) ? "" : said, set);
        }
    }
}

/* Facts that are set while nothing is being typed belong to what was said last. */
static void take_facts(struct talk *talk, const char *facts)
{
    if (is_blank(facts)) {
        return;
    }
    if (talk->count > 0) {
        add_facts(&talk->turns[talk->count - 1], facts);
    } else {
        add_turn(talk, "", facts);
    }
}

static void take_draft(struct talk *talk)
{
    const struct http_form *form = &talk->form;
    const char *example = field(form, "try");
    bool tries = !is_blank(example);
    const char *draft = tries ? example : field(form, "text");
    bool asked = tries || http_form_get(form, "ask") != NULL;
    bool drafts = !is_blank(draft) && talk->count < VIEW_TURNS_MAX;
    if (drafts) {
        add_turn(talk, draft, field(form, "facts"));
    } else {
        take_facts(talk, field(form, "facts"));
    }
    take_facts(talk, field(form, "press"));
    talk->has_draft = drafts && !asked;
    talk->asked = drafts && asked && http_form_get(form, "live") == NULL;
    talk->full = talk->count - talk->has_draft == VIEW_TURNS_MAX;
}

bool talk_parse(const char *body, size_t len, struct talk *ret, struct error *err)
{
    struct talk talk = {0};
    if (!http_form_parse(body, len, &talk.form, err)) {
        return false;
    }
    if (!check_sizes(&talk.form, err)) {
        http_form_finish(&talk.form);
        return false;
    }
    take_turns(&talk);
    take_draft(&talk);
    *ret = talk;
    return true;
}

void talk_finish(struct talk *talk)
{
    for (size_t i = 0; i < talk->count; i++) {
        free(talk->turns[i].facts);
    }
    http_form_finish(&talk->form);
    *talk = (struct talk){0};
}

void talk_said(const struct talk *talk, struct view_said ret[VIEW_TURNS_MAX])
{
    for (size_t i = 0; i < talk->count; i++) {
        ret[i] = (struct view_said){.text = talk->turns[i].text,
                                    .len = strlen(talk->turns[i].text),
                                    .facts = talk->turns[i].facts};
    }
}
