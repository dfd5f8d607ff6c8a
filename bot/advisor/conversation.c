#include "bot/advisor/conversation.h"

#include <string.h>

#include "bot/reader/english.h"
#include "bot/reader/evidence.h"
#include "bot/reader/read.h"

enum { ANSWER_WORDS = 4, EQUAL_WORDS = 10, EARLY_WORDS = 9, ORDER_MAX = 255 };

static bool has(const struct reading *reading, enum english id)
{
    return reading->signals.english >> id & 1;
}

/*
 * Whether such words stand near the beginning of the message: there they speak of the talk, later
 * of the project.
 */
static bool has_early(const struct reading *reading, enum english id)
{
    for (uint32_t k = 0;
         k < reading->matches.count && reading->matches.items[k].first < EARLY_WORDS; k++) {
        const struct target *target = &reading->matches.items[k].target;
        if (target->type == TARGET_ENGLISH && target->item == (int16_t)id) {
            return true;
        }
    }
    return false;
}

void conversation_init(struct conversation *conversation)
{
    memset(conversation, 0, sizeof(*conversation));
    conversation->pack = conversation->told = conversation->asked_situation = -1;
}

struct project *conversation_project(struct conversation *conversation)
{
    return &conversation->projects[conversation->project % CONVERSATION_PROJECTS];
}

static uint8_t turn_number(const struct conversation *conversation)
{
    return conversation->turns < ORDER_MAX ? (uint8_t)conversation->turns : ORDER_MAX;
}

/* Facts that were last said in the turn before this one. */
static uint64_t last_said(const struct project *project)
{
    uint64_t set = 0;
    uint8_t latest = 0;
    for (size_t i = 0; i < PACK_SITUATIONS_MAX; i++) {
        if ((project->facts.stated >> i & 1) && project->order[i] > latest) {
            latest = project->order[i];
        }
    }
    for (size_t i = 0; i < PACK_SITUATIONS_MAX; i++) {
        set |= (project->facts.stated >> i & 1) && project->order[i] == latest ? 1ull << i : 0;
    }
    return set;
}

static void deny(struct facts *facts, uint64_t set)
{
    facts->stated &= ~set;
    facts->heavy &= ~set;
    facts->light &= ~set;
    facts->faint &= ~set;
    facts->denied |= set;
}

/* ---- projects ---- */

static void begin_project(struct conversation *conversation)
{
    conversation->project = (uint8_t)((conversation->project + 1) % CONVERSATION_PROJECTS);
    conversation->began = 1;
    struct project *project = conversation_project(conversation);
    memset(project, 0, sizeof(*project));
    project->used = 1;
}

static bool go_back(struct conversation *conversation, const struct reading *reading)
{
    if (!has_early(reading, EN_BACK_TO_FIRST) || conversation->began == 0) {
        return false;
    }
    uint8_t best = 0;
    int best_overlap = -1;
    for (uint8_t p = 0; p < CONVERSATION_PROJECTS; p++) {
        int overlap = 0;
        for (uint64_t set =
                 conversation->projects[p].facts.stated & (reading->hinted | reading->stated);
             set; set &= set - 1) {
            overlap++;
        }
        if (p != conversation->project && conversation->projects[p].used &&
            overlap > best_overlap) {
            best = p;
            best_overlap = overlap;
        }
    }
    conversation->project = best;
    return true;
}

static bool says_something(const struct project *project)
{
    return project->facts.stated || project->facts.denied;
}

static void change_project(struct conversation *conversation, const struct reading *reading)
{
    struct project *project = conversation_project(conversation);
    if (conversation->turns == 0 || !says_something(project) || go_back(conversation, reading)) {
        return;
    }
    bool wrong = has(reading, EN_WRONG_PROJECT);
    bool anew = has_early(reading, EN_NEW_PROJECT) && (reading->stated || wrong);
    if (anew) {
        begin_project(conversation);
    } else if (wrong && !(reading->denied & project->facts.stated)) {
        if (has(reading, EN_CORRECTION)) {
            deny(&project->facts, last_said(project));
        } else {
            begin_project(conversation);
        }
    }
}

/* ---- facts ---- */

/* A slot holds one thing: what was said of it in earlier turns gives way. */
static void fill_slots(struct project *project, const struct pack *pack, uint64_t fresh)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        const char *slot = pack->situations[i].slot;
        if (!(fresh >> i & 1) || !slot) {
            continue;
        }
        for (size_t k = 0; k < pack->situation_count; k++) {
            const char *other = pack->situations[k].slot;
            bool rival = k != i && other && strcmp(slot, other) == 0 && !(fresh >> k & 1);
            if (rival && (project->facts.stated >> k & 1)) {
                deny(&project->facts, 1ull << k);
            }
        }
    }
}

/* "put it back": what was denied before stands again. */
static void restore(struct project *project, const struct reading *reading)
{
    if (!has(reading, EN_RESTORE)) {
        return;
    }
    uint64_t back = project->facts.denied & reading->hinted & ~reading->denied;
    if (!back && !reading->stated) {
        back = project->facts.denied & ~reading->denied;
    }
    project->facts.stated |= back;
    project->facts.denied &= ~back;
}

static void reweigh(struct project *project, const struct reading *reading, uint64_t back)
{
    struct facts *facts = &project->facts;
    uint64_t known = facts->stated;
    uint64_t heavy = (reading->heavy | (reading->heavy_back ? back : 0)) & known;
    uint64_t light =
        (reading->light | (reading->light_back ? back : 0) | (reading->later & ~reading->stated)) &
        known & ~heavy;
    if (has(reading, EN_EQUAL)) {
        /* "Both halves weigh the same": so each of them is meant. */
        facts->heavy = facts->light = facts->faint = 0;
        return;
    }
    if (heavy) {
        facts->heavy = heavy;
        facts->light &= ~heavy;
    }
    facts->light |= light;
    facts->heavy &= ~facts->light;
}

/* A turn that begins with "no", "they won't", "it isn't" and goes on with nothing of its own. */
static bool refuses(const struct reading *reading)
{
    const struct token *items = reading->tokens.items;
    for (uint32_t k = 0; k < reading->matches.count; k++) {
        const struct match *match = &reading->matches.items[k];
        bool no = match->target.type == TARGET_ENGLISH &&
                  (match->target.item == EN_NO_ANSWER || match->target.item == EN_NOT_SO);
        if (no && match->first <= 1) {
            return match->last + 1 == reading->tokens.count ||
                   items[match->last + 1].border >= BORDER_COMMA;
        }
    }
    return false;
}

/*
 * "The chat might come." - "It won't.": what was only supposed in the turn before is settled by a
 * bare word, else by being left alone.
 */
static void settle_supposed(struct project *project, const struct reading *reading)
{
    uint64_t open = project->supposed & project->facts.stated & ~reading->stated;
    if (refuses(reading)) {
        deny(&project->facts, open);
    }
    project->supposed = reading->supposed & reading->stated;
}

/*
 * "not JavaScript, Python": where one fact gives way to a word that only hints at another, the
 * hint is meant.
 */
static uint64_t exchanged(const struct project *project, const struct reading *reading)
{
    bool gives_way = reading->unsaid & (project->facts.stated | project->facts.denied);
    return gives_way && !reading->stated ? reading->hints & ~reading->unsaid : 0;
}

/* "Wait, not that. A granary." */
static bool says_not_that(const struct reading *reading)
{
    const struct token *items = reading->tokens.items;
    uint32_t count = reading->tokens.count;
    for (uint32_t i = 0; i < EARLY_WORDS && i + 1 < count; i++) {
        if (token_is(&items[i], "not") &&
            (token_is(&items[i + 1], "that") || token_is(&items[i + 1], "this"))) {
            uint32_t next = i + 2;
            next += next < count && token_is(&items[next], "one");
            return next == count || items[next].border >= BORDER_COMMA;
        }
    }
    return false;
}

/*
 * "Scratch that, misread the ticket": what was said last goes, when no word says which part of it
 * is meant and what comes instead is something new.
 */
static bool takes_back(const struct conversation *conversation, const struct project *project,
                       const struct reading *reading)
{
    bool names = (reading->unsaid | reading->denied) & project->facts.stated;
    bool back = has_early(reading, EN_TAKE_BACK) || says_not_that(reading);
    return conversation->turns > 0 && back && !names &&
           (reading->stated || reading->signals.alternatives) &&
           !(reading->stated & project->facts.stated);
}

/* What was said to be built, where this turn says that it is something else. */
static uint64_t replaced(const struct conversation *conversation, const struct project *project,
                         const struct pack *pack, const struct reading *reading)
{
    uint64_t products = 0;
    for (size_t i = 0; i < pack->situation_count; i++) {
        products |= pack->situations[i].product ? 1ull << i : 0;
    }
    const struct signals *said = &reading->signals;
    uint64_t known = project->facts.stated;
    if (conversation->turns == 0 || !said->it_is ||
        ((reading->stated | reading->hinted) & known & products)) {
        return 0;
    }
    uint64_t now = evidence_named(reading, true, said->it_is_first, said->it_is_last);
    return now & reading->stated & products ? known & products & ~reading->stated : 0;
}

struct recalled conversation_recalled(struct conversation *conversation)
{
    const struct project *project = conversation_project(conversation);
    return (struct recalled){.known = project->facts.stated,
                             .last = last_said(project),
                             .anchors = project->anchors,
                             .anchor_count = project->anchor_count};
}

static void keep_anchors(struct project *project, const struct reading *reading)
{
    for (size_t i = 0; i < reading->anchor_count; i++) {
        project->anchors[project->anchor_next] = reading->anchors[i];
        project->anchor_next = (uint8_t)((project->anchor_next + 1) % ANCHORS_MAX);
        project->anchor_count += project->anchor_count < ANCHORS_MAX;
    }
}

void conversation_apply(struct conversation *conversation, const struct pack *pack,
                        const struct reading *reading)
{
    change_project(conversation, reading);
    struct project *project = conversation_project(conversation);
    uint8_t turn = turn_number(conversation);
    settle_supposed(project, reading);
    uint64_t in_doubt = reading->asked & project->facts.stated;
    uint64_t stated = reading->stated & ~in_doubt, denied = reading->denied & ~in_doubt;
    uint64_t back = last_said(project);
    denied |= reading->unsaid & project->facts.stated & ~stated & ~in_doubt;
    uint64_t withdrawn = reading->withdrawn & project->facts.stated & ~in_doubt;
    denied |= withdrawn;
    stated &= ~withdrawn;
    stated |= exchanged(project, reading);
    if (takes_back(conversation, project, reading)) {
        deny(&project->facts, back & ~stated);
    }
    deny(&project->facts, replaced(conversation, project, pack, reading));
    project->used = 1;
    fill_slots(project, pack, stated);
    /* "the booking goes to another vendor": no longer a part of this. */
    deny(&project->facts, denied | (reading->others & project->facts.stated & ~stated));
    /* Said twice, or said plainly, is meant. */
    uint64_t again = stated & project->facts.stated;
    project->facts.faint = (project->facts.faint & ~stated) | (reading->faint & stated & ~again);
    project->facts.stated |= stated;
    project->facts.denied &= ~stated;
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (stated >> i & 1) {
            project->order[i] = turn;
        }
    }
    keep_anchors(project, reading);
    restore(project, reading);
    reweigh(project, reading, back);
}

bool conversation_answer(struct conversation *conversation, const struct pack *pack,
                         const struct reading *reading)
{
    int situation = conversation->asked_situation;
    bool yes = has(reading, EN_YES_ANSWER), no = has(reading, EN_NO_ANSWER);
    if (conversation->told_kind == VERDICT_DEPENDS && reading->signals.words <= EQUAL_WORDS &&
        has(reading, EN_EQUAL)) {
        return true;
    }
    if (situation < 0 || (size_t)situation >= pack->situation_count || yes == no ||
        has(reading, EN_NEVERMIND) || (yes && has(reading, EN_NOT_SO)) ||
        reading->signals.words > ANSWER_WORDS || reading->stated || reading->signals.question) {
        return false;
    }
    struct project *project = conversation_project(conversation);
    uint64_t bit = 1ull << situation;
    project->used = 1;
    if (yes) {
        project->facts.stated |= bit;
        project->facts.denied &= ~bit;
        project->order[situation] = turn_number(conversation);
    } else {
        deny(&project->facts, bit);
    }
    return true;
}

void conversation_assume(struct conversation *conversation, const struct pack *pack,
                         const struct assumed *assumed)
{
    struct project *project = conversation_project(conversation);
    struct facts *facts = &project->facts;
    uint64_t known = pack_situations(pack);
    uint64_t unsaid = assumed->unsaid & known, denied = assumed->denied & known & ~unsaid;
    uint64_t heavy = assumed->heavy & known & ~unsaid & ~denied;
    uint64_t stated = (assumed->stated & known & ~unsaid & ~denied) | heavy;
    project->used = 1;
    fill_slots(project, pack, stated);
    deny(facts, denied | unsaid);
    facts->denied &= ~(unsaid | stated);
    facts->stated |= stated;
    facts->faint &= ~stated;
    facts->light &= ~stated;
    /* Two things cannot matter most, unless both are said to at once. */
    facts->heavy = heavy ? heavy : facts->heavy & ~stated;
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (stated >> i & 1) {
            project->order[i] = turn_number(conversation);
        }
    }
}
