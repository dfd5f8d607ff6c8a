#include "bot/host/lines.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "bot/base/error.h"

static const char *shown_name(const char *name)
{
    return strcmp(name, "-") == 0 ? "standard input" : name;
}

/* Opening a directory for reading succeeds; only the first read would fail. */
static bool refuse_directory(FILE *file, const char *name, struct error *err)
{
    struct stat info;
    if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
        return error_set(err, ERROR_INPUT, "cannot read %s: it is a directory", shown_name(name));
    }
    return true;
}

bool lines_open(struct lines *ret, const char *path, size_t max, struct error *err)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (file == NULL) {
        return error_errno(err, errno, "cannot read %s", path);
    }
    if (!refuse_directory(file, path, err)) {
        if (file != stdin) {
            fclose(file);
        }
        return false;
    }
    *ret = (struct lines){.file = file, .name = path};
    buf_init(&ret->text, max);
    return true;
}

/* The buffer's own maximum must not be hit: it would drop a whole chunk, not the excess. */
static void keep(struct lines *lines, const char *chunk, size_t len)
{
    size_t room = lines->text.max - lines->text.len;
    if (len > room) {
        lines->truncated = true;
        len = room;
    }
    buf_append(&lines->text, chunk, len);
}

/* Returns the last character read: a line feed or EOF. */
static int read_line(struct lines *lines)
{
    char chunk[4096];
    size_t len = 0;
    int c = getc_unlocked(lines->file);
    while (c != EOF && c != '\n') {
        chunk[len++] = (char)c;
        if (len == sizeof(chunk)) {
            keep(lines, chunk, len);
            len = 0;
        }
        c = getc_unlocked(lines->file);
    }
    keep(lines, chunk, len);
    return c;
}

bool lines_next(struct lines *lines, struct error *err)
{
    buf_clear(&lines->text);
    lines->truncated = false;
    errno = 0;
    int last = read_line(lines);
    if (last == EOF && ferror(lines->file)) {
        return error_errno(err, errno, "cannot read %s", shown_name(lines->name));
    }
    if (last == EOF && lines->text.len == 0) {
        return false;
    }
    lines->number++;
    if (lines->text.len > 0 && lines->text.data[lines->text.len - 1] == '\r' && !lines->truncated) {
        lines->text.data[--lines->text.len] = '\0';
    }
    return true;
}

bool lines_blank(const struct lines *lines)
{
    for (size_t i = 0; i < lines->text.len; i++) {
        if (lines->text.data[i] != ' ' && lines->text.data[i] != '\t') {
            return false;
        }
    }
    return true;
}

void lines_close(struct lines *lines)
{
    if (lines->file != NULL && lines->file != stdin) {
        fclose(lines->file);
    }
    buf_finish(&lines->text);
    lines->file = NULL;
}
