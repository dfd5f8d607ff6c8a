#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What the program tells the person at the terminal besides its answers: one line each on standard
 * error. The only place of the program that writes there, but for progress and line editing.
 * Whatever comes from users or files is made harmless first. Also knows whether the answers on
 * standard output got out. Its one piece of state is the cause of the first output that was lost.
 */
struct buf;
struct error;
struct fault_list;

/* "whether: ..." and a line feed. Texts over 4 KiB are cut. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "whether: " and the error's sentence. */
void report_error(const struct error *err);

/*
 * Each fault as "PREFIXfile:line: text"; line 0 is left out. Says at the end how many more there
 * were.
 */
void report_faults(const struct fault_list *faults, const char *prefix);

/*
 * Writes to standard output and remembers why it failed, if it does: use it for output that may
 * fill stdio's buffer, since only the failing call sees the cause.
 */
void report_write(const char *data, size_t len);

/*
 * Flushes standard output; false, having reported the cause once, when anything written to it was
 * lost.
 */
bool report_output(void);

/*
 * Appends text so that a terminal only ever shows it: control characters (C0, DEL, C1),
 * bidirectional overrides and bytes that are no UTF-8 become '?'. A line feed stays when `lines`,
 * otherwise it becomes a space, as a tab does always.
 */
void report_neutral(struct buf *ret, const char *text, size_t len, bool lines);
