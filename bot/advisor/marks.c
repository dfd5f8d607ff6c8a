#include "bot/advisor/marks.h"

#include "bot/advisor/workspace.h"

/* Situations that a cue of the pack speaks of, by what it says. */
struct cued {
    uint64_t stated, denied;
};

static struct cued find_cued(const struct reading *reading)
{
    struct cued cued = {0};
    for (uint32_t i = 0; i < reading->evidence_count; i++) {
        const struct evidence *e = &reading->evidence[i];
        uint64_t bit = e->exact ? 1ull << e->situation : 0;
        cued.stated |= e->polarity == POLARITY_STATED ? bit : 0;
        cued.denied |= e->polarity == POLARITY_DENIED ? bit : 0;
    }
    return cued;
}

static bool counts(const struct evidence *e, const struct facts *facts, const struct cued *cued)
{
    bool states = e->polarity == POLARITY_STATED, denies = e->polarity == POLARITY_DENIED;
    uint64_t set = states ? facts->stated : denies ? facts->denied : 0;
    uint64_t by_cue = states ? cued->stated : cued->denied;
    return (set >> e->situation & 1) && (e->exact || !(by_cue >> e->situation & 1));
}

/* Keeps the list in order; of two over each other the one that was there stays, or grows. */
static size_t add(struct mark *marks, size_t count, const struct mark *mark)
{
    size_t at = count;
    while (at > 0 && marks[at - 1].start >= mark->end) {
        at--;
    }
    if (at > 0 && marks[at - 1].end > mark->start) {
        struct mark *over = &marks[at - 1];
        bool same = over->situation == mark->situation && over->denied == mark->denied;
        bool alone = at < 2 || marks[at - 2].end <= mark->start;
        bool before_next = at == count || marks[at].start >= mark->end;
        if (same && alone && before_next) {
            over->start = mark->start < over->start ? mark->start : over->start;
            over->end = mark->end > over->end ? mark->end : over->end;
        }
        return count;
    }
    if (count == MARKS_MAX) {
        return count;
    }
    for (size_t i = count; i > at; i--) {
        marks[i] = marks[i - 1];
    }
    marks[at] = *mark;
    return count + 1;
}

size_t marks_find(const struct workspace *workspace, const struct outcome *outcome,
                  struct mark ret[MARKS_MAX])
{
    const struct reading *reading = &workspace->reading;
    struct cued cued = find_cued(reading);
    size_t count = 0;
    if (outcome->kind != KIND_VERDICT) {
        return 0;
    }
    /* Cues first: they are closer to what was meant than the clauses around them. */
    for (int exact = 1; exact >= 0; exact--) {
        for (uint32_t i = 0; i < reading->evidence_count; i++) {
            const struct evidence *e = &reading->evidence[i];
            const struct mark mark = {.start = reading->tokens.items[e->first].start,
                                      .end = reading->tokens.items[e->last].end,
                                      .situation = e->situation,
                                      .denied = e->polarity == POLARITY_DENIED};
            if (e->exact == exact && mark.start < mark.end && counts(e, &outcome->facts, &cued)) {
                count = add(ret, count, &mark);
            }
        }
    }
    return count;
}
