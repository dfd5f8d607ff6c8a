#include "bot/host/records.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/document.h"
#include "bot/advisor/record.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/hash.h"
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

/* The date is in the file: in its name a second record would be a second file. */
void records_name(const struct outcome *outcome, const char *adapter, const char *conversation,
                  char ret[RECORDS_NAME_MAX])
{
    const uint64_t both[] = {hash_bytes(adapter, strlen(adapter)),
                             hash_bytes(conversation, strlen(conversation))};
    uint64_t hash = hash_bytes((const char *)both, sizeof(both));
    snprintf(ret, RECORDS_NAME_MAX, "%.100s-%016" PRIx64 ".md", outcome->pack->id, hash);
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

bool records_write(const char *folder, const char *name, const struct outcome *outcome,
                   int64_t now_ms, struct error *err)
{
    char path[PATH_MAX];
    struct buf text;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        return error_errno(err, errno, "%s: this folder cannot be made", folder);
    }
    int len = snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        return error_set(err, ERROR_INPUT, "%.60s...: this path is too long", folder);
    }
    buf_init(&text, RECORDS_MAX);
    bool fine = (put_record(outcome, now_ms, &text) ||
                 error_set(err, ERROR_INPUT, "%s: the record is too long", path)) &&
                buf_write_file(&text, path, err);
    buf_finish(&text);
    return fine;
}

void records_keep(const char *folder, const struct message *message, const struct outcome *outcome,
                  int64_t now_ms)
{
    char name[RECORDS_NAME_MAX];
    struct error err = {0};
    if (outcome->ask.about != ASK_RECORD || folder[0] == '\0' || message->conversation == NULL) {
        return;
    }
    records_name(outcome, message->adapter, message->conversation, name);
    if (records_write(folder, name, outcome, now_ms, &err)) {
        log_info("record.written", LOG_TEXT("file", name));
    } else {
        log_error("record.failed", LOG_TEXT("cause", err.text));
    }
}
