#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bot/host/lines.h"

/*
 * Where people talk without a network: standard input and output. On a terminal: a prompt, line
 * editing and history by libedit, words wrapped at the window's width, colour. Otherwise plain
 * lines in, plain text out, so that pipes and tests see just the answers. Knows nothing of how an
 * answer comes about. One at a time: libedit's prompt hook has no other way.
 */
struct buf;
struct error;
struct reply;

struct terminal_options {
    const char *prompt;  /* NULL: never ask (commands that take no conversation) */
    const char *history; /* path; NULL or "": keep none. its folders are made, failures ignored */
    int colour;          /* enum colour */
    size_t line_max;     /* bytes of a line that are read */
};

struct terminal;

/*
 * Borrows the options' strings until destroyed. Reads nothing yet. False when line editing cannot
 * be set up.
 */
bool terminal_create(const struct terminal_options *options, struct terminal **ret,
                     struct error *err);

/* NULL is fine. Gives the terminal back as it was. */
void terminal_destroy(struct terminal *terminal);

/* A person sits at both ends: prompts and hints make sense. */
bool terminal_interactive(const struct terminal *terminal);

/*
 * The next line, in terminal_line() until the next call. False at the end (Ctrl-D), or with err
 * set. Adds it to the history.
 */
bool terminal_next(struct terminal *terminal, struct error *err);
const struct lines *terminal_line(const struct terminal *terminal);

/*
 * Writes an answer to standard output, with a "---" line between two of them unless they are one
 * line each.
 */
void terminal_say(struct terminal *terminal, const struct reply *reply, bool one_line);

/*
 * Pure, for tests: plain text as a terminal shows it, harmless (report_neutral), wrapped at `width`
 * columns (0 = not; code, that is lines that begin with four spaces, is never wrapped), the first
 * paragraph bold when `lead`, "Source:" dim, when `colour`.
 */
struct terminal_look {
    size_t width;
    bool colour, lead;
};
void terminal_format(const char *text, size_t len, const struct terminal_look *look,
                     struct buf *ret);

/* $XDG_STATE_HOME/whether/history or ~/.local/state/whether/history; false without a home. */
bool terminal_history_path(char *ret_path, size_t cap);
