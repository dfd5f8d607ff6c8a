#include "bot/host/records.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/document.h"
#include "bot/advisor/record.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/host/log.h"
#include "bot/host/message.h"

enum { DATE_MAX = 16 };

static void put_date(int64_t now_ms, char ret[DATE_MAX])
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    ret[0] = '\0';
    if (gmtime_r(&seconds, &utc) != NULL) {
        strftime(ret, DATE_MAX, "%Y-%m-%d", &utc);
    }
}

bool records_draw(char ret[RECORDS_DRAWN_MAX])
{
    unsigned char bytes[(RECORDS_DRAWN_MAX - 1) / 2];
    /* So few come whole or not at all (getrandom(2)). */
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
    }
    return true;
}

/* The date is in the file: in its name a second record would be a second file. */
void records_name(const struct outcome *outcome, const char *drawn, char ret[RECORDS_NAME_MAX])
{
    snprintf(ret, RECORDS_NAME_MAX, "%.100s-%s", outcome->pack->id, drawn);
}

bool records_is_name(const char *name)
{
    static const char hex[] = "0123456789abcdef";
    size_t len = strlen(name), drawn = RECORDS_DRAWN_MAX - 1;
    return len > drawn + 1 && len < RECORDS_NAME_MAX && name[len - drawn - 1] == '-' &&
           strspn(name + len - drawn, hex) == drawn && strchr(name, '/') == NULL && name[0] != '.';
}

static bool put_path(const char *folder, const char *name, char ret[PATH_MAX])
{
    int len = snprintf(ret, PATH_MAX, "%s/%s.md", folder, name);
    return len > 0 && len < PATH_MAX;
}

static bool put_record(const struct outcome *outcome, int64_t now_ms, struct buf *ret)
{
    struct document document;
    char date[DATE_MAX];
    bool decided = outcome->standing.kind == VERDICT_OPTION;
    put_date(now_ms, date);
    buf_printf(ret, "---\nstatus: %s\ndate: %s\n---\n\n", decided ? "proposed" : "open", date);
    document_begin(&document, MARKUP_MARKDOWN, ret);
    record_decision(&document, outcome);
    return document_end(&document) && buf_putc(ret, '\n');
}

bool records_check(const char *folder, struct error *err)
{
    char above[PATH_MAX];
    const char *where = folder;
    if (access(folder, F_OK) != 0 && errno == ENOENT && file_folder(folder, above, sizeof(above))) {
        where = above;
    }
    return folder[0] == '\0' || access(where, W_OK | X_OK) == 0 ||
           error_errno(err, errno, "[bot] records: %s cannot be written", where);
}

bool records_write(const char *folder, const char *name, const struct outcome *outcome,
                   int64_t now_ms, struct error *err)
{
    char path[PATH_MAX];
    struct buf text;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        return error_errno(err, errno, "%s: this folder cannot be made", folder);
    }
    if (!put_path(folder, name, path)) {
        return error_set(err, ERROR_INPUT, "%.60s...: this path is too long", folder);
    }
    buf_init(&text, RECORDS_MAX);
    bool fine = (put_record(outcome, now_ms, &text) ||
                 error_set(err, ERROR_INPUT, "%s: the record is too long", path)) &&
                buf_write_file(&text, path, err);
    buf_finish(&text);
    return fine;
}

bool records_read(const char *folder, const char *name, struct buf *ret)
{
    char path[PATH_MAX];
    return records_is_name(name) && put_path(folder, name, path) && buf_read_file(ret, path, NULL);
}

bool records_wanted(const char *folder, const struct message *message,
                    const struct outcome *outcome)
{
    return outcome->ask.about == ASK_RECORD && folder[0] != '\0' && message->conversation != NULL;
}

static void put_link(const char *address, const char *name, struct reply *reply)
{
    char url[PATH_MAX];
    size_t count = reply->block_count;
    snprintf(url, sizeof(url), "%s/record?of=%s", address, name);
    reply_add_linked(reply, BLOCK_PARAGRAPH, url,
                     "The record as a page, for whoever has this link");
    if (count > 1 && reply->block_count > count) {
        struct block link = reply->blocks[count];
        memmove(&reply->blocks[2], &reply->blocks[1], (count - 1) * sizeof(link));
        reply->blocks[1] = link;
    }
}

void records_keep(const char *folder, const char *drawn, const char *address,
                  const struct outcome *outcome, int64_t now_ms, struct reply *reply)
{
    char name[RECORDS_NAME_MAX];
    struct error err = {0};
    records_name(outcome, drawn, name);
    if (!records_write(folder, name, outcome, now_ms, &err)) {
        log_error("record.failed", LOG_TEXT("cause", err.text));
        return;
    }
    /* Its name is a key to it: the log does not tell it. */
    log_info("record.written", LOG_TEXT("decision", outcome->pack->id));
    if (address[0] != '\0') {
        put_link(address, name, reply);
    }
}
