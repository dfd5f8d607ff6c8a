#include "bot/advisor/advisor.h"

#include <string.h>

#include "bot/advisor/conversation.h"
#include "bot/advisor/record.h"
#include "bot/advisor/reply.h"
#include "bot/advisor/workspace.h"
#include "bot/base/mem.h"
#include "bot/reader/english.h"

struct advisor *advisor_create(const struct knowledge *knowledge)
{
    struct advisor *advisor = mem_alloc(sizeof(*advisor));
    advisor->knowledge = knowledge;
    advisor->reader = reader_create(knowledge);
    return advisor;
}

void advisor_destroy(struct advisor *advisor)
{
    if (advisor) {
        reader_destroy(advisor->reader);
        mem_free(advisor);
    }
}

size_t advisor_memory(const struct advisor *advisor)
{
    return sizeof(*advisor) + reader_memory(advisor->reader);
}

struct workspace *workspace_create(const struct advisor *advisor)
{
    (void)advisor;
    struct workspace *workspace = mem_alloc(sizeof(*workspace));
    workspace->stemmer = stemmer_create();
    return workspace;
}

void workspace_destroy(struct workspace *workspace)
{
    if (workspace) {
        stemmer_destroy(workspace->stemmer);
        mem_free(workspace);
    }
}

struct context conversation_context(const struct conversation *conversation, enum surface surface)
{
    const struct project *project =
        &conversation->projects[conversation->project % CONVERSATION_PROJECTS];
    return (struct context){.surface = surface,
                            .asked = conversation->asked,
                            .last_kind = conversation->last_kind,
                            .has_facts = project->facts.stated || project->facts.denied,
                            .turns =
                                conversation->turns < 255 ? (uint8_t)conversation->turns : 255};
}

static enum kind best_kind(const float scores[KIND_COUNT])
{
    int best = 0;
    for (int k = 1; k < KIND_COUNT; k++) {
        best = scores[k] > scores[best] ? k : best;
    }
    return (enum kind)best;
}

/*
 * What a conversation's memory is worth to a reader: none of it may be out of the knowledge's
 * range after a reload.
 */
static void mend_conversation(const struct advisor *advisor, struct conversation *conversation)
{
    if (conversation->pack >= (int)advisor->knowledge->count || conversation->pack < -1) {
        conversation_init(conversation);
    }
    conversation->project %= CONVERSATION_PROJECTS;
    const struct pack *pack =
        conversation->pack >= 0 ? advisor->knowledge->packs[conversation->pack] : NULL;
    if (!pack || conversation->told >= (int)pack->option_count || conversation->told < -1) {
        conversation->told = -1;
        conversation->told_kind = VERDICT_NONE;
    }
    if (!pack || conversation->asked_situation >= (int)pack->situation_count ||
        conversation->asked_situation < -1) {
        conversation->asked_situation = -1;
    }
    uint64_t known = pack ? pack_situations(pack) : 0;
    for (size_t i = 0; i < CONVERSATION_PROJECTS; i++) {
        struct facts *facts = &conversation->projects[i].facts;
        facts->stated &= known;
        facts->denied &= known & ~facts->stated;
        facts->heavy &= facts->stated;
        facts->light &= facts->stated & ~facts->heavy;
        facts->faint &= facts->stated;
        struct project *project = &conversation->projects[i];
        project->supposed &= facts->stated;
        project->anchor_count =
            project->anchor_count < ANCHORS_MAX ? project->anchor_count : ANCHORS_MAX;
        project->anchor_next %= ANCHORS_MAX;
    }
}

static void change_pack(struct conversation *conversation, int16_t pack)
{
    if (conversation->pack >= 0 && conversation->pack != pack) {
        uint32_t turns = conversation->turns;
        conversation_init(conversation);
        conversation->turns = turns;
    }
    conversation->pack = pack;
}

static void remember_verdict(struct conversation *conversation, const struct verdict *verdict)
{
    conversation->asked = 1;
    conversation->told_kind = (uint8_t)verdict->kind;
    conversation->told = (int16_t)(verdict->kind == VERDICT_OPTION ? verdict->option : -1);
    conversation->asked_situation = (int16_t)(verdict->kind == VERDICT_ASK ? verdict->asks : -1);
}

static void finish(struct conversation *conversation, const struct pack *pack, int ret_pack,
                   struct outcome *ret)
{
    /* A question about another decision is answered without the facts of this one. */
    bool same = conversation->pack < 0 || conversation->pack == ret_pack;
    ret->facts = same ? conversation_project(conversation)->facts : (struct facts){0};
    verdict_decide(pack, &ret->facts, &ret->standing);
    if (ret->kind == KIND_VERDICT) {
        ret->verdict = ret->standing;
        remember_verdict(conversation, &ret->verdict);
    }
    conversation->last_kind = (uint8_t)(ret->kind + 1);
    conversation->turns += conversation->turns < UINT32_MAX;
}

/*
 * What programs are told that a turn was about: a greeting is about nothing until something was
 * asked.
 */
static const struct pack *decision_of(const struct advisor *advisor,
                                      const struct conversation *conversation,
                                      const struct outcome *outcome)
{
    if (outcome->kind == KIND_NEIGHBOUR && outcome->ask.item >= 0) {
        return advisor->knowledge->packs[outcome->ask.item];
    }
    bool outside = outcome->kind == KIND_UNKNOWN || outcome->kind == KIND_META;
    return outside && conversation->pack < 0 ? NULL : outcome->pack;
}

static void begin(struct outcome *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->verdict.option = ret->standing.option = ret->before.option = -1;
    ret->verdict.asks = ret->standing.asks = -1;
}

static struct verdict told(const struct conversation *conversation)
{
    return (struct verdict){.kind = (enum verdict_kind)conversation->told_kind,
                            .option = conversation->told};
}

void advisor_turn(const struct advisor *advisor, struct workspace *workspace,
                  struct conversation *conversation, enum surface surface, const char *text,
                  size_t len, struct outcome *ret)
{
    struct reading *reading = &workspace->reading;
    bool cut = len > TEXT_MAX;
    begin(ret);
    mend_conversation(advisor, conversation);
    struct recalled recalled = conversation_recalled(conversation);
    reader_read(advisor->reader, reading, workspace->stemmer, text, cut ? TEXT_MAX : len,
                conversation->pack, &recalled);
    const struct pack *pack = advisor->knowledge->packs[reading->pack];
    struct context context = conversation_context(conversation, surface);
    kind_score(advisor->reader, reading, &context, workspace->kind_scores);
    bool record = surface != SURFACE_AMBIENT && conversation->asked && record_wanted(text, len);
    ret->kind = record ? KIND_FACTS : best_kind(workspace->kind_scores);
    ret->truncated = cut || reading->truncated;
    bool same_pack = conversation->pack == reading->pack;
    if (same_pack) {
        ret->before = told(conversation);
    }
    ret->both = reading->signals.english >> EN_BOTH & 1;
    ret->pack = pack;
    if (ret->kind == KIND_SILENT) {
        ret->pack = NULL;
        ret->ask = (struct ask){ASK_NOTHING, -1, -1};
        return;
    }
    if (!record && surface != SURFACE_AMBIENT && same_pack &&
        conversation_answer(conversation, pack, reading)) {
        ret->kind = KIND_VERDICT;
    } else if (ret->kind == KIND_VERDICT) {
        change_pack(conversation, reading->pack);
        conversation_apply(conversation, pack, reading);
    }
    ret->ask = record ? (struct ask){ASK_RECORD, -1, -1}
                      : ask_read(advisor->reader, reading, ret->kind, &context);
    ret->decision = decision_of(advisor, conversation, ret);
    if (ret->ask.about == ASK_RESET) {
        conversation_init(conversation);
    }
    finish(conversation, pack, reading->pack, ret);
}

const struct pack *advisor_pack(const struct advisor *advisor,
                                const struct conversation *conversation)
{
    const struct knowledge *knowledge = advisor->knowledge;
    bool about = conversation->pack >= 0 && (size_t)conversation->pack < knowledge->count;
    int pack = about ? conversation->pack : knowledge->main;
    return pack < 0 ? NULL : knowledge->packs[pack];
}

void advisor_assume(const struct advisor *advisor, struct conversation *conversation,
                    const struct assumed *assumed, struct outcome *ret)
{
    begin(ret);
    mend_conversation(advisor, conversation);
    const struct pack *pack = advisor_pack(advisor, conversation);
    ret->kind = KIND_UNKNOWN;
    ret->ask = (struct ask){ASK_NOTHING, -1, -1};
    if (pack == NULL) {
        return;
    }
    ret->kind = KIND_VERDICT;
    ret->ask.about = ASK_CHOICE;
    ret->pack = ret->decision = pack;
    ret->before = told(conversation);
    if (conversation->pack < 0) {
        conversation->pack = (int16_t)advisor->knowledge->main;
    }
    conversation_assume(conversation, pack, assumed);
    finish(conversation, pack, conversation->pack, ret);
}

void outcome_request_alone(const struct outcome *outcome, struct request *ret)
{
    *ret =
        (struct request){.pack = outcome->pack,
                         .kind = outcome->kind,
                         .ask = outcome->ask,
                         .facts = &outcome->facts,
                         .verdict = &outcome->standing,
                         .before = outcome->before.kind == VERDICT_NONE ? NULL : &outcome->before,
                         .both = outcome->both};
}

void outcome_request(const struct advisor *advisor, const struct outcome *outcome,
                     struct request *ret)
{
    outcome_request_alone(outcome, ret);
    ret->knowledge = advisor->knowledge;
    ret->pack = ret->pack ? ret->pack : advisor->knowledge->packs[0];
}
