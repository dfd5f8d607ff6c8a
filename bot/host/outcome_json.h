#pragma once

#include <stdbool.h>

/*
 * An outcome as the JSON object of DESIGN.md 4, for programs: `ask --json`, `replay` (later the
 * HTTP API). The keys come in the order of that page, always all of them:
 *
 *   id          as given, null when NULL          decision    the pack's id, or null
 *   kind        verdict facts ...                 verdict     an option's id, depends, ask, or null
 *   confidence  "clear", "leaning", or null       situations, denied   ids, in the pack's order
 *   reasons     {situation, option, because, section's title}, the weightiest first
 *   flips       one sentence each: "without a React frontend: Django"
 *   asks        the one question that would decide most, or null
 *   text        the reply as plain text, "" when the bot stays silent
 *
 * verdict, confidence, reasons, flips and asks are filled for kind "verdict" only.
 */
struct buf;
struct error;
struct outcome;

/*
 * Appends one line without its line feed. False, with *ret as it was, when a text is not UTF-8 or
 * ret has no room: an object is whole or not there.
 */
bool outcome_json(const char *id, const struct outcome *outcome, const char *text, struct buf *ret,
                  struct error *err);
