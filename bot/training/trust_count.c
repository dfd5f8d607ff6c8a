#include "bot/training/trust_count.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/host/corpus.h"
#include "bot/reader/kind.h"
#include "bot/reader/read.h"
#include "bot/reader/trust.h"
#include "bot/training/put.h"
#include "knowledge/trust.h"

/*
 * What is believed of a phrase before it was seen, as so many sights: of any phrase at all, and of
 * a situation's phrases in general.
 */
static const double general_right = 0.85, general_sights = 5, usual_sights = 2;

/*
 * A phrase that is right less often than `worthless` says nothing by itself; from `sure` on it is
 * as good as any. Flat on the labelled conversations from 0.3 to 0.4 and from 0.8 to 0.85.
 */
static const double worthless = 0.4, sure = 0.85;

/* A phrase seen less often is taken for a usual one. */
enum { SIGHTS_LEAST = 2 };

void trust_count_add(struct trust_count *counts, uint32_t situation, uint32_t phrase, bool right)
{
    if (counts->count == counts->cap) {
        counts->cap = counts->cap ? counts->cap * 2 : 1024;
        counts->items = mem_grow(counts->items, counts->cap, sizeof(*counts->items));
    }
    counts->items[counts->count++] = (struct trust_sight){situation, phrase, right};
}

/* ---- looking ---- */

enum sight { SIGHT_RIGHT, SIGHT_WRONG, SIGHT_UNCLEAR };

/* Marks tell of the very words; a situation that is marked elsewhere is meant here as well. */
static enum sight judge_marked(const struct corpus_talk *talk, int situation, const char *turn,
                               size_t from, size_t to)
{
    enum sight sight = SIGHT_WRONG;
    for (size_t i = 0; i < talk->mark_count; i++) {
        const struct corpus_mark *mark = &talk->marks[i];
        const char *at = mark->situation == situation ? strstr(turn, mark->words) : NULL;
        size_t start = at ? (size_t)(at - turn) : 0;
        if (at && start < to && start + strlen(mark->words) > from) {
            return mark->polarity == CLAUSE_STATED  ? SIGHT_RIGHT
                   : mark->polarity == CLAUSE_ASIDE ? SIGHT_WRONG
                                                    : SIGHT_UNCLEAR;
        }
        if (mark->situation == situation && mark->polarity == CLAUSE_STATED) {
            sight = SIGHT_RIGHT;
        }
    }
    return sight;
}

/* Was a phrase that reads as stated right? */
static enum sight judge(const struct corpus_talk *talk, size_t turn, const struct reading *r,
                        const struct evidence *e)
{
    uint64_t bit = 1ull << e->situation;
    if (talk->kind != KIND_VERDICT || ((talk->denied | talk->optional) & ~talk->stated & bit)) {
        return SIGHT_UNCLEAR;
    }
    if (talk->marked) {
        return judge_marked(talk, e->situation, talk->turns[turn], r->tokens.items[e->first].start,
                            r->tokens.items[e->last].end);
    }
    return talk->stated & bit             ? SIGHT_RIGHT
           : turn + 1 == talk->turn_count ? SIGHT_WRONG
                                          : SIGHT_UNCLEAR;
}

void trust_count_turn(struct trust_count *counts, const struct pack *pack,
                      const struct corpus_talk *talk, size_t turn, const struct reading *reading)
{
    for (uint32_t i = 0; i < reading->evidence_count; i++) {
        const struct evidence *e = &reading->evidence[i];
        if (!e->exact || e->polarity != POLARITY_STATED) {
            continue;
        }
        enum sight sight = judge(talk, turn, reading, e);
        if (sight != SIGHT_UNCLEAR) {
            trust_count_add(
                counts, trust_situation_hash(pack, e->situation),
                trust_phrase_hash(pack, e->situation, &reading->tokens, e->first, e->last),
                sight == SIGHT_RIGHT);
        }
    }
}

/* ---- counting ---- */

static int by_phrase(const void *a, const void *b)
{
    const struct trust_sight *x = a, *y = b;
    if (x->situation != y->situation) {
        return x->situation < y->situation ? -1 : 1;
    }
    return x->phrase < y->phrase ? -1 : x->phrase > y->phrase;
}

static int by_hash(const void *a, const void *b)
{
    const struct trust_entry *x = a, *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static double believed(double right, double sights, double before, double weight)
{
    return (right + weight * before) / (sights + weight);
}

static uint8_t trust_in(double right)
{
    double trust = (right - worthless) / (sure - worthless);
    return (uint8_t)lround(TRUST_FULL * (trust < 0 ? 0 : trust > 1 ? 1 : trust));
}

/* How many of the sights from..to - 1 were right. */
static double count_right(const struct trust_count *counts, size_t from, size_t to)
{
    double right = 0;
    for (size_t i = from; i < to; i++) {
        right += counts->items[i].right;
    }
    return right;
}

/* One situation's sights, from..to - 1: an entry for it, and one for each phrase seen enough. */
static size_t weigh_situation(const struct trust_count *counts, size_t from, size_t to,
                              struct trust_entry *ret)
{
    double usual =
        believed(count_right(counts, from, to), (double)(to - from), general_right, general_sights);
    size_t n = 0;
    ret[n++] = (struct trust_entry){counts->items[from].situation, trust_in(usual)};
    for (size_t i = from, next; i < to; i = next) {
        for (next = i; next < to && counts->items[next].phrase == counts->items[i].phrase;) {
            next++;
        }
        double right =
            believed(count_right(counts, i, next), (double)(next - i), usual, usual_sights);
        if (next - i >= SIGHTS_LEAST) {
            ret[n++] = (struct trust_entry){counts->items[i].phrase, trust_in(right)};
        }
    }
    return n;
}

void trust_count_put(struct trust_count *counts, struct buf *ret)
{
    struct trust_entry *entries = mem_alloc((counts->count * 2 + 1) * sizeof(*entries));
    size_t n = 0, kept = 0;
    if (counts->count > 0) {
        qsort(counts->items, counts->count, sizeof(*counts->items), by_phrase);
    }
    for (size_t i = 0, next; i < counts->count; i = next) {
        for (next = i;
             next < counts->count && counts->items[next].situation == counts->items[i].situation;) {
            next++;
        }
        n += weigh_situation(counts, i, next, entries + n);
    }
    qsort(entries, n, sizeof(*entries), by_hash);
    /* Of two that share a hash neither is known apart: the first stands for both. */
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || entries[kept - 1].hash != entries[i].hash) {
            entries[kept++] = entries[i];
        }
    }
    put_u32(ret, (uint32_t)kept);
    for (size_t i = 0; i < kept; i++) {
        put_u32(ret, entries[i].hash);
        buf_putc(ret, (char)entries[i].trust);
    }
    mem_free(entries);
}

void trust_count_finish(struct trust_count *counts)
{
    mem_free(counts->items);
    *counts = (struct trust_count){0};
}
