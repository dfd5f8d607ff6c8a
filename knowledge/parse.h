#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * From the bytes of one JSON file to a struct pack (pack.h). The tables of
 * format.h say what may stand where. Pure apart from memory: opens no file and knows nothing of
 * other packs; whether a pack makes sense is check.h's business.
 */
struct arena;
struct fault_list;
struct pack;

/*
 * Adds a fault, in no particular order, for all that is wrong, and goes on as far as it makes
 * sense. NULL when there is no object to read at all (not UTF-8, not JSON, nested too deeply). With
 * faults, texts may be NULL and indexes -1: such a pack is only good for further checks, and unless
 * *ret_whole not even for those (a whole list is missing or cut). The pack and its texts live in
 * the arena; text is not referred to afterwards.
 */
const struct pack *pack_parse(const char *file, const char *text, size_t len, struct arena *arena,
                              struct fault_list *faults, bool *ret_whole);
