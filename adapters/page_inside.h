#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bot/host/gap.h"

/*
 * The pages themselves, each from plain data to HTML (page_html.h). Pure: no request, no store, no
 * clock.
 */
struct buf;
struct knowledge;
struct pack;
struct talk;
struct view;

/* Where a conversation stands: what was said, and what comes of it. */
void page_put_ask(struct buf *ret, const struct knowledge *knowledge, const struct talk *talk,
                  const struct view *view);

/* What speaks for each option of view->pack: a balance of two, a bar each of more. */
void page_put_balance(struct buf *ret, const struct view *view);

/* The decision tables of all packs, as people would draw them. */
void page_put_rules(struct buf *ret, const struct knowledge *knowledge);

/* What was asked and not understood: one begin, an item for each, one end. */
void page_begin_gaps(struct buf *ret);
void page_put_gap(struct buf *ret, const struct gap *gap, const struct pack *pack);
void page_end_gaps(struct buf *ret, size_t count);

/* A decision record, as its file has it. */
void page_put_record(struct buf *ret, const char *text, size_t len);

/* A page that only says something: an error. */
void page_put_sentence(struct buf *ret, const char *title, const char *sentence);

/* The class of an option's colours, from its index: "s0" to "s5"; "none" for -1. */
const char *page_side_class(int option);

/*
 * A pack's entry in JSON for what was not understood, with lines and blanks for people: a situation
 * for a choice asked without a usable fact, a fact for a question that nothing answers, an example
 * for a wrong answer. Valid where it is pasted. Returns the
 * name of the list that it goes into.
 */
const char *page_put_entry(struct buf *ret, const struct gap *gap, const struct pack *pack);
