#pragma once

/*
 * The sense of a pack: what its file's form cannot show. Each function adds a fault for each thing
 * that is wrong, in no particular order, and never stops at the first. Pure apart from memory.
 */
struct fault_list;
struct knowledge;
struct pack;

/*
 * One pack by itself. Faults: ids that are used twice; an option named "ask" or "depends"; fewer
 * than two options; notation errors in phrases; a phrase that is twice in a list, in two lists of
 * a situation, or in the phrases of two situations (or the aliases of two options); no situation
 * at all (unless a pointer), a situation without a rule (unless neutral; then one with a rule) or
 * without an example; contradictory rules (one situation, same strength, two options; or the same
 * pair twice); examples with unknown surface, kind or verdict, with a verdict and another kind,
 * silent on another surface than ambient, or with a situation both stated and denied.
 * Takes what pack_parse() leaves of a faulty pack: texts may be NULL and indexes -1; those have
 * been reported and are passed over.
 */
void check_pack(const struct pack *pack, struct fault_list *faults);

/* All packs together: two of the same id, neighbours that are missing, named twice or oneself. */
void check_links(const struct knowledge *knowledge, struct fault_list *faults);

/* Both, for every pack. */
void check_knowledge(const struct knowledge *knowledge, struct fault_list *faults);
