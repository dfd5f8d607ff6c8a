#include "bot/host/view.h"

#include <assert.h>
#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/base/mem.h"
#include "bot/host/facts.h"

_Static_assert((int)VIEW_FLIPS_MAX == (int)VERDICT_FLIPS_MAX, "flips");
_Static_assert((int)VIEW_REASONS_MAX == (int)VERDICT_RULES_MAX, "reasons");

static const enum view_end ends[] = {
    [VERDICT_NONE] = VIEW_OPEN,
    [VERDICT_OPTION] = VIEW_PICK,
    [VERDICT_DEPENDS] = VIEW_DEPENDS,
    [VERDICT_ASK] = VIEW_ASK,
};

/* Of a verdict the first sentence: whoever looks at it sees its reasons beside it. */
static void word(const struct viewer *viewer, const struct outcome *outcome, struct reply *ret)
{
    struct request request;
    *ret = (struct reply){0};
    if (outcome->kind == KIND_SILENT) {
        return;
    }
    outcome_request(viewer->advisor, outcome, &request);
    if (outcome->kind == KIND_VERDICT) {
        reply_build(&request, LENGTH_SHORT, ret);
        ret->block_count = ret->block_count > 1 ? 1 : ret->block_count;
    } else {
        reply_build(&request, viewer->length, ret);
    }
}

static void take_text(const struct viewer *viewer, struct conversation *conversation,
                      const struct view_said *said, struct view_turn *turn, struct outcome *outcome)
{
    turn->kind = KIND_SILENT;
    turn->pack = NULL;
    turn->mark_count = 0;
    turn->reply = (struct reply){0};
    if (said->len == 0) {
        return;
    }
    advisor_turn(viewer->advisor, viewer->workspace, conversation, SURFACE_DM, said->text,
                 said->len, outcome);
    turn->kind = outcome->kind;
    turn->pack = outcome->pack;
    turn->mark_count = marks_find(viewer->workspace, outcome, turn->marks);
    word(viewer, outcome, &turn->reply);
}

static void take_facts(const struct viewer *viewer, struct conversation *conversation,
                       const char *facts, struct outcome *outcome)
{
    struct assumed assumed;
    if (facts != NULL &&
        facts_parse(advisor_pack(viewer->advisor, conversation), facts, &assumed)) {
        advisor_assume(viewer->advisor, conversation, &assumed, outcome);
    }
}

static void show_verdict(const struct verdict *verdict, struct view *ret)
{
    ret->end = ends[verdict->kind];
    ret->option = verdict->kind == VERDICT_OPTION ? verdict->option : -1;
    ret->clear = verdict->confidence == CONFIDENCE_CLEAR;
    ret->asks = verdict->asks;
    memcpy(ret->weight, verdict->weight, sizeof(ret->weight));
    memcpy(ret->reasons, verdict->fired, sizeof(ret->reasons));
    ret->reason_count = verdict->fired_count;
    ret->flip_count = verdict->flip_count;
    for (size_t i = 0; i < verdict->flip_count; i++) {
        const struct flip *flip = &verdict->flips[i];
        ret->flips[i] = (struct view_flip){
            .add = flip->add, .drop = flip->drop, .end = ends[flip->kind], .option = flip->option};
    }
}

/* A question about something else leaves the facts of the decision as they stand. */
static void show_facts(const struct viewer *viewer, struct conversation *conversation,
                       const struct outcome *outcome, struct view *ret)
{
    static const struct assumed nothing = {0};
    const struct pack *pack = advisor_pack(viewer->advisor, conversation);
    struct conversation copy = *conversation;
    struct outcome standing = *outcome;
    if (pack != NULL && pack != outcome->pack) {
        advisor_assume(viewer->advisor, &copy, &nothing, &standing);
    }
    ret->pack = pack;
    ret->stated = standing.facts.stated;
    ret->denied = standing.facts.denied;
    ret->heavy = standing.facts.heavy;
    ret->light = standing.facts.light;
    show_verdict(&standing.standing, ret);
}

void view_make(const struct viewer *viewer, const struct view_said *said, size_t count,
               struct view *ret, struct outcome *ret_outcome)
{
    assert(count <= VIEW_TURNS_MAX);
    struct conversation conversation;
    conversation_init(&conversation);
    *ret_outcome = (struct outcome){.kind = KIND_SILENT};
    ret->turn_count = count;
    for (size_t i = 0; i < count; i++) {
        take_text(viewer, &conversation, &said[i], &ret->turns[i], ret_outcome);
        take_facts(viewer, &conversation, said[i].facts, ret_outcome);
    }
    word(viewer, ret_outcome, &ret->answer);
    show_facts(viewer, &conversation, ret_outcome, ret);
}
