#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Labelled text: what models are trained on. Lies in a folder beside its pack (node-or-
 * django.json -> node-or-django.corpus):
 *   *.clauses.tsv          situations (comma-separated, or "none"), polarity (stated denied
 * aside none), batch, text
 *   *.kinds.tsv            kind (one of the six, or ask, ambient-ask, ...-long, facts-give),
 * batch, text
 *   *.conversations.jsonl  the label guide's format (id, surface, say, kind, situations, denied,
 * optional), and "marks": [[situation, polarity (stated denied aside), words of a turn], ...]:
 * which words carry a label. A conversation with marks teaches by its words, one without by its
 * best sentence.
 *   *.kinds.jsonl          the same; of these conversations only the kinds are learned
 * Files are taken in the order of their names, so that training is reproducible. All strings are
 * owned by the corpus.
 */
struct fault_list;
struct pack;

enum clause_polarity { CLAUSE_STATED, CLAUSE_DENIED, CLAUSE_ASIDE, CLAUSE_NONE };

struct corpus_clause {
    uint64_t situations;
    enum clause_polarity polarity;
    char *text;
};

enum { CORPUS_TURNS_MAX = 16 };

struct corpus_mark {
    int situation;
    enum clause_polarity polarity;
    char *words;
};

struct corpus_talk {
    int surface, kind;
    uint64_t stated, denied, optional;
    char *turns[CORPUS_TURNS_MAX];
    size_t turn_count;
    struct corpus_mark *marks;
    size_t mark_count;
    bool marked;    /* has marks, if only an empty list */
    bool follows;   /* from a kinds file: as if advice had been given before */
    bool kind_only; /* what it states is nothing to learn from */
};

struct corpus {
    struct corpus_clause *clauses;
    size_t clause_count, clause_cap;
    struct corpus_talk *talks;
    size_t talk_count, talk_cap;
    uint64_t hash; /* of all files but *.kinds.jsonl, which change nothing of the topics */
};

/*
 * false when the folder is missing or any line is faulty; every fault is reported. Zero *ret
 * first.
 */
bool corpus_load(struct corpus *ret, const struct pack *pack, const char *folder,
                 struct fault_list *faults);
void corpus_finish(struct corpus *corpus);

/*
 * Only the hash of the folder's files, as corpus_load() finds it; 0 when there are none. False when
 * one cannot be read: err tells.
 */
struct error;
bool corpus_hash(const char *folder, uint64_t *ret, struct error *err);
