#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bot/reader/anchor.h"
#include "bot/reader/feature.h"
#include "bot/reader/kind.h"
#include "bot/reader/lexicon.h"
#include "bot/reader/net.h"
#include "bot/reader/scope.h"
#include "bot/reader/text.h"
#include "bot/reader/token.h"
#include "knowledge/pack.h"

/*
 * One message, read: the stages in their order, and what they come to. Knows one turn only; what
 * earlier turns have said is the conversation's business (bot/advisor/conversation.h). All storage
 * is the caller's; nothing is allocated, nothing fails.
 */
struct model;
struct vectors;

/*
 * What a reader needs to know of the world. Built once by reader_create(), immutable, shared by
 * threads.
 */
struct reader;

enum { EVIDENCE_MAX = 512 };

enum polarity { POLARITY_STATED, POLARITY_DENIED, POLARITY_ASIDE };

/* One piece of text that bears on a situation. */
struct evidence {
    uint8_t situation, polarity;
    uint8_t exact;        /* 1: a cue of the pack; 0: the learned topics */
    float score;          /* the learned score in log odds; 0 for a cue */
    uint32_t first, last; /* words */
    uint16_t scope;       /* SCOPE_* of the words */
    float linear, net;    /* what score was mixed from; both are score where there is no net */
};

/* What the message says of the decision itself, apart from situations. */
struct signals {
    uint32_t options;      /* options of the pack that are named, by bit */
    uint32_t alternatives; /* options that stand on a side of "or": 0 or at least two bits */
    bool apart;            /* ... with other words between: "would X do, or is Y smarter?" */
    bool within_one; /* an "or" between names that all stand for one option: "Koa or Express" */
    bool unasked;    /* options are only spoken of: "the X or Y thread", "X or Y, whatever" */
    uint8_t option_count, tool_count;
    int8_t first_option, last_option; /* -1 none */
    int16_t tool_option, tool;        /* a tool that is named, -1 none */
    int16_t pointer;                  /* pointer pack whose options are named, -1 none */
    uint8_t pointer_options;          /* how many different ones */
    bool pointer_or;                  /* ... linked by "or" */
    bool other_tech, other_or;        /* a product of no pack; linked by "or" to something */
    bool question, choice_word, subject, quoted_only;
    bool fits;  /* "is X fine for ...", "could X handle ...": about one of the options */
    bool it_is; /* a correction says what is built: "wait, it's a wiki" */
    uint16_t it_is_first, it_is_last; /* the words for it */
    int16_t fact;                     /* the pack's fact that is asked for best, -1 none */
    uint8_t fact_score;
    uint64_t english;      /* which of enum english occur, by bit (EN_COUNT <= 64 is asserted) */
    uint64_t english_late; /* ... in the last sentence */
    uint16_t words, mentions;
};

/* What earlier messages of a conversation have said, as far as a reader needs it. */
struct recalled {
    uint64_t known; /* stated in it before */
    uint64_t last;  /* stated in the last message that stated anything */
    const struct anchor *anchors;
    size_t anchor_count;
};

struct reading {
    struct text text;
    struct tokens tokens;
    struct matches matches;
    struct scopes scopes;
    struct features features; /* scratch of the last model call */
    struct net_work net;      /* scratch, and what may be kept for the next message */
    struct evidence evidence[EVIDENCE_MAX];
    uint32_t evidence_count;
    struct signals signals;
    int16_t pack;                   /* the decision the message is read for */
    uint64_t stated, denied, aside; /* stated and denied are disjoint */
    uint64_t heavy, light, asked;
    uint64_t others, later; /* named as another's, or as something for later */
    /* "That is what counts": said of something in an earlier message. */
    bool heavy_back, light_back;
    uint64_t supposed;  /* stated as a possibility, or asked for */
    uint64_t faint;     /* stated, but by the learned part alone and barely */
    uint64_t doubted;   /* not stated, since a long message says something else more surely */
    uint64_t unsaid;    /* named, strongly or weakly, in a denial */
    uint64_t hints;     /* weakly named and not denied */
    uint64_t hinted;    /* weakly named: enough to refer to what is known already */
    uint64_t withdrawn; /* of what earlier messages stated: taken back by this one */
    struct anchor anchors[ANCHORS_MAX]; /* of what is stated */
    size_t anchor_count;
    /* The learned part's best. */
    float stated_score[PACK_SITUATIONS_MAX], denied_score[PACK_SITUATIONS_MAX];
    bool truncated;
};

struct reader *reader_create(const struct knowledge *knowledge);
void reader_destroy(struct reader *reader);
size_t reader_memory(const struct reader *reader);
const struct knowledge *reader_knowledge(const struct reader *reader);

/*
 * preferred: the pack that the conversation is about, or -1; recalled: what it has said, so that
 * "that" and "the live bit" find what they mean; NULL: nothing. stemmer: the workspace's own.
 */
void reader_read(const struct reader *reader, struct reading *ret, struct stemmer *stemmer,
                 const char *bytes, size_t len, int preferred, const struct recalled *recalled);

/* Where features of a reading come from (for kinds and for training). */
struct feature_source reader_source(const struct reader *reader, const struct reading *reading);

/* What a message's kind is judged from, besides the message: what went before. */
struct context {
    enum surface surface;
    bool asked;        /* a verdict was asked for or given before */
    uint8_t last_kind; /* enum kind + 1, 0 none */
    bool has_facts;
    uint8_t turns;
};

/* Scores all kinds: log odds, higher is likelier. Uses reading->features as scratch. */
void kind_score(const struct reader *reader, struct reading *reading, const struct context *context,
                float scores[KIND_COUNT]);
void kind_features(const struct reader *reader, struct reading *reading,
                   const struct context *context);

/* What precisely is asked, given the kind. */
struct ask ask_read(const struct reader *reader, const struct reading *reading, enum kind kind,
                    const struct context *context);
