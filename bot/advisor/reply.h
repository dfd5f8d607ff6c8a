#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/advisor/facts.h"
#include "bot/advisor/verdict.h"
#include "bot/reader/kind.h"
#include "knowledge/pack.h"

/*
 * What the bot says, as structured blocks that know nothing of any chat's markup. reply_build() is
 * pure and never fails: a text that does not fit is left out whole, never cut inside a word. All
 * texts are copied into the reply.
 */
enum reply_length { LENGTH_LINE, LENGTH_SHORT, LENGTH_FULL };

enum block_type {
    BLOCK_LEAD, /* the one sentence to read: the pick, the answer */
    BLOCK_PARAGRAPH,
    BLOCK_ITEM, /* one item of a list; neighbouring items make one list */
    BLOCK_QUOTE,
    BLOCK_CODE,
    BLOCK_SOURCE, /* where it comes from; `link` may hold a URL */
};

enum { REPLY_BLOCKS_MAX = 24, REPLY_TEXT_MAX = 6000 };

struct block {
    enum block_type type;
    /* offset and length in reply.text: UTF-8, no CR, LF only in BLOCK_CODE; NUL-terminated */
    uint16_t text, len;
    uint16_t link; /* offset of a NUL-terminated URL in reply.text, as the pack has it; 0 = none */
};

/* A zeroed one is empty, too. */
struct reply {
    struct block blocks[REPLY_BLOCKS_MAX];
    size_t block_count;
    char text[REPLY_TEXT_MAX]; /* text[0] is always NUL, so that offset 0 means "none" */
    size_t text_len;
};

/* What is to be answered. Everything is borrowed for the call. */
struct request {
    const struct knowledge *knowledge;
    const struct pack *pack; /* the decision that the conversation is about; NULL: the main one */
    enum kind kind;
    struct ask ask;            /* what precisely is asked (bot/reader/kind.h) */
    const struct facts *facts; /* NULL: none */
    /* of these facts, for kind facts ("why?") too; NULL when there is none */
    const struct verdict *verdict;
    /* what was last told in this conversation (kind and option suffice), or NULL: lets a reply say
     * that the advice changed or stays */
    const struct verdict *before;
    bool both; /* the asker wonders about using several options together */
};

/*
 * Fills ret, whatever it held. LENGTH_LINE is one block of one or two sentences, some 300 bytes;
 * KIND_SILENT gives no block; any other reply begins with a BLOCK_LEAD.
 */
void reply_build(const struct request *request, enum reply_length length, struct reply *ret);

/*
 * Appends a block, cleaned: malformed bytes become "?", control bytes and line ends blanks. A
 * block that does not fit or is empty is dropped whole. Formats: %s %.*s %d %zu %% (line.h). For
 * reply_build(), and for whoever says something beside it that no verdict is in.
 */
void reply_add(struct reply *reply, enum block_type type, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with a link (NULL: none); a URL that does not fit is left out. */
void reply_add_linked(struct reply *reply, enum block_type type, const char *link,
                      const char *text);

/*
 * The cleaning alone, in place; returns the new length, which is never larger. lines: line feeds
 * stay.
 */
size_t reply_clean(char *text, size_t len, bool lines);
