#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A growing text buffer with a maximum that is given at the start. Appending past the maximum
 * sets `failed` and leaves the contents as they are from then on, so that a writer may append many
 * times and look once at the end; no memory ends the program (mem.h). `data` is always
 * NUL-terminated once anything was appended; NULs inside are allowed. The NUL does not count for
 * `len` and `max`.
 */
struct buf {
    char *data; /* owned */
    size_t len, cap, max;
    bool failed;
};

void buf_init(struct buf *buf, size_t max);
void buf_finish(struct buf *buf); /* frees; the buffer may be initialised again */
void buf_clear(struct buf *buf);  /* empties, keeps memory and maximum, forgets the failure */
void buf_cut(struct buf *buf, size_t len); /* back to the first len bytes, when it has more */

/* All false when the buffer has failed, now or before. What is appended must not lie in buf. */
bool buf_append(struct buf *buf, const void *data, size_t len);
bool buf_fill(struct buf *buf, const void *data,
              size_t len); /* as much of it as there is room for */
bool buf_puts(struct buf *buf, const char *text);
bool buf_putc(struct buf *buf, char c);
bool buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool buf_vprintf(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/*
 * Hands the memory over (NUL-terminated, freed with mem_free()); NULL if the buffer had failed.
 * Empties the buffer. ret_len may be NULL.
 */
char *buf_take(struct buf *buf, size_t *ret_len);

/*
 * Appends a whole file of at most the buffer's maximum. Directories, devices, FIFOs, larger files
 * and files that change meanwhile are refused with a sentence that names the path; the contents
 * are then what they were. Never blocks on anything but a disk.
 */
struct error;
bool buf_read_file(struct buf *buf, const char *path, struct error *err);

/* The same, but the sentence starts after the path, for those who print "FILE: sentence". */
bool buf_read_unnamed(struct buf *buf, const char *path, struct error *err);

/*
 * Writes the contents as a file that is there whole or not at all: a new one beside it, called PATH
 * and this process's number, takes its place at the end. False, with the old file as it was, when
 * the buffer has failed or the disk says no. Not for devices: what was there is replaced.
 */
bool buf_write_file(const struct buf *buf, const char *path, struct error *err);

/* How many bytes from text on are neither control bytes of ASCII nor one of the three. */
size_t buf_plain(const char *text, size_t len, const char stops[3]);

/* How many bytes from text on stand in a JSON string as they are: ASCII, nothing to be escaped. */
size_t buf_json_plain(const char *text, size_t len);
