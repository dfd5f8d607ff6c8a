#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A knowledge pack in memory: one decision, as plain structs. Filled by load.c from a JSON file
 * (format:
 * knowledge/pack.schema.json, docs/packs.md) and read by everyone above; immutable once loaded,
 * so it is shared freely.
 * All pointers lead into the pack's own arena and live as long as the knowledge does. Knows
 * nothing of how text is
 * read or worded. Every `line` is the line of the JSON file, for messages.
 */
enum {
    PACK_OPTIONS_MAX = 16,
    PACK_SITUATIONS_MAX = 64, /* situations are bits of a uint64_t */
    PACKS_MAX = 64,
    PACK_TEXT_MAX = 600, /* bytes of any one text that a reply may quote */
    PACK_PHRASE_MAX = 400,
};

/* A text with the place it came from. */
struct line_text {
    const char *text;
    int line;
};

struct text_list {
    const struct line_text *items;
    size_t count;
};

struct pack_section {
    const char *id, *title;
    int line;
};

/* How much a rule weighs: GUIDE.md's order of force. */
enum strength { STRENGTH_NUDGE = 1, STRENGTH_STRONG = 2, STRENGTH_DECISIVE = 3 };

/* Something an option is good at or is best for, as the source says it. */
struct pack_point {
    const char *text;
    int section; /* index into sections */
    int line;
};

/*
 * A product that belongs to an option (Express, an ORM ...): naming it is naming the option,
 * unless stands_for is false.
 */
struct pack_tool {
    const char *id, *name, *what; /* what: one sentence on what it is for */
    struct text_list aliases;     /* phrases */
    int section;
    bool stands_for;
    int line;
};

struct pack_option {
    const char *id, *name, *summary; /* summary: one sentence */
    struct text_list aliases;        /* phrases that mean this option and nothing else */
    const struct pack_point *strengths, *best_for;
    size_t strength_count, best_for_count;
    const struct pack_tool *tools;
    size_t tool_count;
    int line;
};

/* A state of affairs that rules rest on. */
struct pack_situation {
    const char *id;
    const char *name;     /* noun phrase for replies: "a React or Next.js frontend" */
    const char *question; /* how to ask about it: "Is the frontend React or Next.js?" */
    bool neutral;         /* known, named in replies, but no rule rests on it */
    bool product;         /* says what is built, not by whom or with what */
    const char *
        /*
         * NULL, or the name of a slot that only one situation can fill (frontend, storage ...):
         * the newer one wins
         */
        slot;
    struct text_list phrases; /* cues that state it by themselves */
    struct text_list hints;   /* weak cues: they count beside another one or in an open question */
    struct text_list
        denials; /* cues that deny it although no negation is in them ("reloading is fine") */
    struct text_list examples;         /* sentences that state it: material for training */
    struct text_list counter_examples; /* sentences that look like it and are not */
    int line;
};

struct pack_rule {
    int situation, option; /* indexes */
    enum strength strength;
    const char *because; /* completes "..., because ...": a clause in our words */
    int section;
    int line;
};

/* Something the source says that people ask for ("does Django ship an admin?"). */
struct pack_fact {
    const char *id;
    int option;             /* index, or -1 when it is about the source or all options */
    struct text_list about; /* phrases that ask for it */
    const char *text;       /* the answer, one or two sentences */
    const char *code;       /* NULL, or a few lines of code that show it */
    int section;
    int line;
};

/* Another decision that this one touches. */
struct pack_neighbour {
    const char *pack; /* id of the other pack */
    const char *how;  /* one sentence */
    int section;
    int line;
};

/* A test that the pack's author wrote: `whether test` runs it. */
struct pack_example {
    const char *surface;
    struct text_list say;
    const char *kind;
    struct text_list verdicts; /* acceptable ones; empty for kinds without a verdict */
    uint64_t stated, denied;   /* situations that must be read so */
    bool has_situations;       /* the example names situations at all */
    int line;
};

struct model;
struct pack {
    const char *file;                  /* path as given */
    const char *id, *title, *question; /* question: "Node.js or Django?" */
    bool
        /* true: the source only points at this decision; it gives no verdicts of its own */
        pointer;
    const char *rule_of_thumb; /* one or two sentences */
    const char *caveat;        /* one sentence that qualifies any verdict, or NULL */
    const char *both; /* what may honestly be said of using several options together, or NULL */
    struct {
        const char *title, *author, *date, *url;
    } source; /* url may be NULL */
    struct text_list
        /* phrases in which a cue of this pack means something else ("node pool", "react to") */
        false_friends;
    struct text_list
        /* phrases that name the decision itself without naming options ("backend framework") */
        subject;
    const struct pack_section *sections;
    size_t section_count;
    const struct pack_option *options;
    size_t option_count;
    const struct pack_situation *situations;
    size_t situation_count;
    const struct pack_rule *rules;
    size_t rule_count;
    const struct pack_fact *facts;
    size_t fact_count;
    const struct pack_neighbour *neighbours;
    size_t neighbour_count;
    const struct pack_example *examples;
    size_t example_count;
    const struct model
        *model; /* the pack's learned topics (model.h), NULL without one; owned by the knowledge */
};

/* A bit for each of the pack's situations. */
static inline uint64_t pack_situations(const struct pack *pack)
{
    return pack->situation_count < 64 ? (1ull << pack->situation_count) - 1 : ~0ull;
}

struct arena;
struct vectors;
struct knowledge {
    const struct pack *packs[PACKS_MAX];
    size_t count;
    /*
     * the pack that a question without any name is about: the first that is not a pointer; -1 if
     * none
     */
    int main;
    const struct vectors *vectors; /* word vectors (vectors.h), NULL without; owned */
    const struct model *kinds;     /* the learned kinds of messages, NULL without; owned */
    struct arena *arena;
};

/* Looks an id up; -1 when there is none. */
int pack_option_find(const struct pack *pack, const char *id);
int pack_situation_find(const struct pack *pack, const char *id);
int knowledge_find(const struct knowledge *knowledge, const char *pack_id);
