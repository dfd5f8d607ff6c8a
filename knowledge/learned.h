#pragma once

#include <stdbool.h>

/*
 * The learned files beside the packs: words.vec (vectors.h), kinds.model and, for a pack x.json,
 * x.model (model.h).
 * All of them may be missing: then the reader works by its cues alone. A file that is there and
 * broken is a fault.
 */
struct fault_list;
struct knowledge;

enum learned_parts { LEARNED_VECTORS = 1, LEARNED_TOPICS = 2, LEARNED_KINDS = 4, LEARNED_ALL = 7 };

/*
 * "knowledge/x.json", ".model" -> "knowledge/x.model"; a name without .json is kept whole. Owned by
 * the caller, freed with mem_free().
 */
char *learned_beside(const char *pack_file, const char *ending);

/*
 * Adds what lies beside each pack; words.vec and kinds.model, which all packs share, are looked for
 * beside the first pack and then in the folder `home` (NULL: nowhere else). Each part at most once
 * after knowledge_load(). knowledge_destroy() frees it. False when anything is broken; the rest is
 * there all the same.
 */
bool learned_load(struct knowledge *knowledge, unsigned parts, const char *home,
                  struct fault_list *faults);
