#include <string.h>

#include <utf8proc.h>

#include "bot/base/buf.h"
#include "bot/host/store_inside.h"

/* What was asked and not understood. */

/* Of GAPS_KEPT_MAX so many go at once: to find them, all are looked through. */
enum { EVICT_MOST = 250 };

static bool is_word(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

static void put_word(struct buf *ret, const void *bytes, size_t len, bool *gap)
{
    if (*gap && ret->len > 0) {
        buf_putc(ret, ' ');
    }
    *gap = false;
    buf_append(ret, bytes, len);
}

static void put_point(struct buf *ret, utf8proc_int32_t point, bool *gap)
{
    utf8proc_uint8_t bytes[4];
    if (!is_word(point)) {
        *gap = true;
        return;
    }
    utf8proc_ssize_t len = utf8proc_encode_char(utf8proc_tolower(point), bytes);
    put_word(ret, bytes, (size_t)len, gap);
}

static bool is_ascii_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters and digits of ASCII, most of all text, at once. Returns how many. */
static size_t put_ascii(struct buf *ret, const char *text, size_t len, bool *gap)
{
    char word[64];
    size_t count = 0;
    while (count < len && count < sizeof(word) && is_ascii_word((unsigned char)text[count])) {
        bool upper = text[count] >= 'A' && text[count] <= 'Z';
        word[count] = (char)(text[count] | (upper ? 0x20 : 0));
        count++;
    }
    if (count > 0) {
        put_word(ret, word, count, gap);
    }
    return count;
}

/* Lower case, letters and digits, one blank between words: the identity of a question. */
static void normalise(const char *text, size_t len, struct buf *ret)
{
    bool gap = false;
    for (size_t at = 0; at < len;) {
        size_t ascii = put_ascii(ret, text + at, len - at, &gap);
        if (ascii > 0) {
            at += ascii;
            continue;
        }
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
        size_t run = buf_json_plain(text + at, len - at);
        if (ret->len + run <= GAP_TEXT_MAX) {
            buf_append(ret, text + at, run);
            at += run;
        }
        if (at == len) {
            return;
        }
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
    if (!store_run(store, store_bind(store, SQL_GAP_AGAIN, "tti", kind, norm, now_ms), err)) {
        return false;
    }
    if (sqlite3_changes(store->db) > 0) {
        return true;
    }
    store->counts.gaps++;
    return store_run(store, store_bind(store, SQL_GAP_ADD, "ttti", kind, norm, text, now_ms), err);
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
