#include <string.h>

#include <utf8proc.h>

#include "bot/base/buf.h"
#include "bot/host/store_inside.h"

/* What was asked and not understood. */

/* Of GAPS_KEPT_MAX so many go at once, so that a full log is not tidied at every question. */
enum { EVICT_MOST = 50 };

static bool is_word(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

static void put_point(struct buf *ret, utf8proc_int32_t point, bool *gap)
{
    utf8proc_uint8_t bytes[4];
    if (!is_word(point)) {
        *gap = ret->len > 0;
        return;
    }
    utf8proc_ssize_t len = utf8proc_encode_char(utf8proc_tolower(point), bytes);
    if (*gap) {
        buf_putc(ret, ' ');
        *gap = false;
    }
    buf_append(ret, bytes, (size_t)len);
}

/* Lower case, letters and digits, one blank between words: the identity of a question. */
static void normalise(const char *text, size_t len, struct buf *ret)
{
    bool gap = false;
    for (size_t at = 0; at < len;) {
        utf8proc_int32_t point = ' ';
        size_t size = utf8_length(text + at, len - at);
        if (size > 0) {
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)size, &point);
        }
        put_point(ret, point, &gap);
        at += size > 0 ? size : 1;
    }
}

/* As it was asked, as far as it is UTF-8 without control bytes; cut between characters. */
static void copy_text(const char *text, size_t len, struct buf *ret)
{
    for (size_t at = 0; at < len;) {
        size_t size = utf8_length(text + at, len - at);
        bool plain = size > 1 || (size == 1 && (unsigned char)text[at] >= 0x20 && text[at] != 0x7f);
        if (plain && ret->len + size > GAP_TEXT_MAX) {
            return;
        }
        buf_append(ret, plain ? text + at : " ", plain ? size : 1);
        at += size > 0 ? size : 1;
    }
}

static bool evict(struct store *store, struct error *err)
{
    if (store->counts.gaps <= GAPS_KEPT_MAX) {
        return true;
    }
    int64_t most = EVICT_MOST;
    if (!store_run(store, store_bind(store, SQL_GAP_EVICT, "i", most), err)) {
        return false;
    }
    store->counts.gaps -= (uint64_t)sqlite3_changes(store->db);
    return true;
}

static bool add(struct store *store, const char *kind, const char *norm, const char *text,
                int64_t now_ms, struct error *err)
{
    sqlite3_stmt *statement = store_bind(store, SQL_GAP_ADD, "ttti", kind, norm, text, now_ms);
    bool fine = sqlite3_step(statement) == SQLITE_ROW || store_fail(store, err);
    /* The first of its kind. */
    store->counts.gaps += fine && sqlite3_column_int64(statement, 0) == 1;
    sqlite3_reset(statement);
    return fine;
}

bool store_gap_add(struct store *store, const char *kind, const char *text, size_t len,
                   int64_t now_ms, struct error *err)
{
    struct buf norm, copy;
    len = len < GAP_TEXT_MAX * 2 ? len : GAP_TEXT_MAX * 2;
    buf_init(&norm, GAP_TEXT_MAX);
    buf_init(&copy, GAP_TEXT_MAX);
    normalise(text, len, &norm);
    copy_text(text, len, &copy);
    bool fine = norm.len == 0 || add(store, kind, norm.data, copy.data, now_ms, err);
    buf_finish(&copy);
    buf_finish(&norm);
    return fine && evict(store, err);
}

bool store_gaps(struct store *store, size_t most, gap_visit *visit, void *context,
                struct error *err)
{
    sqlite3_stmt *s = store_bind(store, SQL_GAPS, "i", (int64_t)most);
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        const char *kind = (const char *)sqlite3_column_text(s, 1);
        visit(context, &(struct gap){.text = text ? text : "",
                                     .kind = kind ? kind : "",
                                     .count = (uint64_t)sqlite3_column_int64(s, 2),
                                     .first_ms = sqlite3_column_int64(s, 3),
                                     .last_ms = sqlite3_column_int64(s, 4)});
    }
    bool fine = code == SQLITE_DONE || store_fail(store, err);
    sqlite3_reset(s);
    return fine;
}
