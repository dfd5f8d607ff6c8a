#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * From JSON files to struct knowledge (pack.h). Strict: unknown keys, wrong types, texts over their
 * limits, nesting over 16, files over 4 MiB, duplicate keys are faults. All faults of all files are
 * reported, each with file and line, in the order of files and lines.
 */
struct fault_list;
struct knowledge;

/*
 * Loads every path: a file, or a directory, whose *.json files are taken in the order of their
 * names (*.schema.json and names with a leading dot are passed over; sub-directories are not
 * entered). Runs check_knowledge() on what it read. On success *ret is owned by the caller
 * (knowledge_destroy). On failure *ret is untouched and faults, to which this adds, holds at least
 * one more.
 */
bool knowledge_load(const char *const *paths, size_t count, struct knowledge **ret,
                    struct fault_list *faults);

/* Frees all that the knowledge owns, models and vectors too, if somebody set them. NULL is fine. */
void knowledge_destroy(struct knowledge *knowledge);
