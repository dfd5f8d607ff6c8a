#include "bot/base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/base/mem.h"

void buf_init(struct buf *buf, size_t max)
{
    /* One byte less than an object may have: the NUL. */
    *buf = (struct buf){.max = max < PTRDIFF_MAX ? max : (size_t)PTRDIFF_MAX - 1};
}

void buf_finish(struct buf *buf)
{
    mem_free(buf->data);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

void buf_cut(struct buf *buf, size_t len)
{
    if (len < buf->len) {
        buf->len = len;
        buf->data[len] = '\0';
    }
}

static bool fail(struct buf *buf)
{
    buf->failed = true;
    return false;
}

/* Makes room for extra bytes and the NUL. */
static bool reserve(struct buf *buf, size_t extra)
{
    if (buf->failed || extra > buf->max - buf->len) {
        return fail(buf);
    }
    size_t needed = buf->len + extra + 1;
    if (needed <= buf->cap) {
        return true;
    }
    size_t cap = buf->cap < 128 ? 128 : buf->cap;
    while (cap < needed && cap <= buf->max / 2) {
        cap *= 2;
    }
    if (cap < needed || cap > buf->max) {
        cap = buf->max + 1;
    }
    buf->data = mem_grow(buf->data, cap, 1);
    buf->cap = cap;
    return true;
}

static void advance(struct buf *buf, size_t len)
{
    buf->len += len;
    buf->data[buf->len] = '\0';
}

bool buf_append(struct buf *buf, const void *data, size_t len)
{
    if (!reserve(buf, len)) {
        return false;
    }
    if (len > 0) {
        memcpy(buf->data + buf->len, data, len);
    }
    advance(buf, len);
    return true;
}

bool buf_fill(struct buf *buf, const void *data, size_t len)
{
    size_t room = buf->max - buf->len, fits = len < room ? len : room;
    return buf_append(buf, data, fits) && (fits == len || fail(buf));
}

bool buf_puts(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

bool buf_putc(struct buf *buf, char c)
{
    if (!reserve(buf, 1)) {
        return false;
    }
    buf->data[buf->len] = c;
    advance(buf, 1);
    return true;
}

bool buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0) {
        return fail(buf);
    }
    if (!reserve(buf, (size_t)len)) {
        return false;
    }
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    advance(buf, (size_t)len);
    return true;
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool done = buf_vprintf(buf, format, args);
    va_end(args);
    return done;
}

char *buf_take(struct buf *buf, size_t *ret_len)
{
    size_t max = buf->max;
    if (!buf_append(buf, "", 0)) {
        buf_finish(buf);
        buf->max = max;
        return NULL;
    }
    char *data = buf->data;
    if (ret_len != NULL) {
        *ret_len = buf->len;
    }
    *buf = (struct buf){.max = max};
    return data;
}

/* Appends until the end of the file or until the buffer is full; -1 with errno. */
static bool read_all(struct buf *buf, int fd, size_t max, struct error *err)
{
    char piece[16 * 1024];
    size_t total = 0;
    for (;;) {
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_errno(err, errno, "cannot be read");
        }
        if (got == 0) {
            return true;
        }
        total += (size_t)got;
        bool fits = buf_append(buf, piece, (size_t)got);
        mem_wipe(piece, (size_t)got); /* the file may be a secret */
        if (total > max) {
            return error_set(err, ERROR_INPUT, "is too large: at most %zu bytes are read", max);
        }
        if (!fits) {
            return error_set(err, ERROR_ENVIRONMENT, "is too large to be read");
        }
    }
}

static bool read_open_file(struct buf *buf, int fd, size_t size, struct error *err)
{
    size_t max = buf->max - buf->len, before = buf->len;
    /*
     * One allocation for all of it; a file that grows meanwhile is still read, and refused below.
     */
    if (size > 0 && !reserve(buf, size)) {
        return error_set(err, ERROR_ENVIRONMENT, "is too large to be read");
    }
    if (!read_all(buf, fd, max, err)) {
        return false;
    }
    /* Files of /proc have size 0 and contents all the same. */
    if (size > 0 && size != buf->len - before) {
        return error_set(err, ERROR_ENVIRONMENT, "changed while it was being read; try again");
    }
    return true;
}

bool buf_read_unnamed(struct buf *buf, const char *path, struct error *err)
{
    if (!buf_append(buf, "", 0)) {
        return error_set(err, ERROR_ENVIRONMENT, "is too large to be read");
    }
    size_t before = buf->len, size;
    int fd = file_open(path, buf->max - before, &size, err);
    if (fd < 0) {
        return false;
    }
    bool done = read_open_file(buf, fd, size, err);
    close(fd);
    if (!done) {
        buf->len = before;
        buf->data[before] = '\0';
        buf->failed = false;
    }
    return done;
}

/* The cause must survive a path of any length. */
static bool name_cause(const char *path, const struct error *cause, struct error *err)
{
    size_t len = strlen(path), shown = 160;
    const char *tail = len > shown ? path + len - shown : path;
    return error_set(err, cause->code, "%s%s %s", len > shown ? "..." : "", tail, cause->text);
}

bool buf_read_file(struct buf *buf, const char *path, struct error *err)
{
    struct error cause = {0};
    return buf_read_unnamed(buf, path, &cause) || name_cause(path, &cause, err);
}

static bool write_all(const struct buf *buf, int fd)
{
    for (size_t done = 0; done < buf->len;) {
        ssize_t put = write(fd, buf->data + done, buf->len - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put < 0 ? 0 : (size_t)put;
    }
    /* Renamed before it is on the disk, it could be empty after a power cut. */
    return fsync(fd) == 0;
}

static bool write_anew(const struct buf *buf, const char *path, const char *beside,
                       struct error *err)
{
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) {
        return error_errno(err, errno, "cannot be written");
    }
    bool done = write_all(buf, fd) || error_errno(err, errno, "cannot be written");
    if (close(fd) != 0 || (done && rename(beside, path) != 0)) {
        done = error_errno(err, errno, "cannot be written");
    }
    if (!done) {
        unlink(beside);
    }
    return done;
}

bool buf_write_file(const struct buf *buf, const char *path, struct error *err)
{
    struct error cause = {0};
    struct buf beside;
    buf_init(&beside, strlen(path) + 32);
    buf_printf(&beside, "%s.%ld.new", path, (long)getpid());
    bool done = buf->failed || beside.failed
                    ? error_set(&cause, ERROR_ENVIRONMENT, "is not written: it would be too large")
                    : write_anew(buf, path, beside.data, &cause);
    buf_finish(&beside);
    return done || name_cause(path, &cause, err);
}

/*
 * Eight bytes at once (Warren, Hacker's Delight 6-1), then one by one. The lowest byte that is
 * sought has its upper bit set in these words; bytes above it may have it, too.
 */
#define EACH UINT64_C(0x0101010101010101)

static uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH) & ~word & EACH * 0x80;
}

static uint64_t bytes_like(uint64_t word, char c)
{
    return zero_bytes(word ^ EACH * (unsigned char)c);
}

static uint64_t control_bytes(uint64_t word)
{
    return ((word - EACH * 0x20) & ~word & EACH * 0x80) | bytes_like(word, 0x7F);
}

static bool is_plain(char c, const char stops[3])
{
    return (unsigned char)c >= 0x20 && c != 0x7F && c != stops[0] && c != stops[1] && c != stops[2];
}

size_t buf_plain(const char *text, size_t len, const char stops[3])
{
    size_t run = 0;
    for (uint64_t word; len - run >= sizeof(word); run += sizeof(word)) {
        memcpy(&word, text + run, sizeof(word));
        if (control_bytes(word) | bytes_like(word, stops[0]) | bytes_like(word, stops[1]) |
            bytes_like(word, stops[2])) {
            break;
        }
    }
    while (run < len && is_plain(text[run], stops)) {
        run++;
    }
    return run;
}

size_t buf_json_plain(const char *text, size_t len)
{
    static const char stops[3] = {'"', '\\', '"'};
    size_t run = 0;
    for (uint64_t word; len - run >= sizeof(word); run += sizeof(word)) {
        memcpy(&word, text + run, sizeof(word));
        if ((word & EACH * 0x80) | control_bytes(word) | bytes_like(word, stops[0]) |
            bytes_like(word, stops[1])) {
            break;
        }
    }
    while (run < len && (unsigned char)text[run] < 0x80 && is_plain(text[run], stops)) {
        run++;
    }
    return run;
}

#undef EACH
