#pragma once

/*
 * What is claimed twice in a pack: ids, and texts that several lists or owners have. Sorting finds
 * them, so that a pack of thousands of phrases costs little. Each function adds a fault for each
 * one too many. Pure apart from memory. Knows nothing of what a phrase means or of its notation.
 * Takes faulty packs as check_pack() does: ids may be NULL and are passed over.
 */
struct fault_list;
struct pack;

/* Options, tools, sections, situations and facts: each id once among its like. */
void claims_check_ids(const struct pack *pack, struct fault_list *faults);

/*
 * A text once in a list and in the lists of one owner; a phrase in one situation's phrases only, an
 * alias in one option's.
 */
void claims_check_texts(const struct pack *pack, struct fault_list *faults);
