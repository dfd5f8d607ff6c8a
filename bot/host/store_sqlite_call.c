#include <stdarg.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/host/store_sqlite.h"

bool store_fail(const struct store_engine *store, struct error *err)
{
    int code = sqlite3_errcode(store->db) & 0xff;
    if (code == SQLITE_NOTADB) {
        return error_set(err, ERROR_INPUT, "%s: is no store: %s", store->path,
                         sqlite3_errmsg(store->db));
    }
    const char *advice = code == SQLITE_FULL       ? "; make room on its disk"
                         : code == SQLITE_READONLY ? "; it must be writable"
                         : code == SQLITE_CORRUPT  ? "; restore it from a back-up"
                         : code == SQLITE_BUSY     ? "; another program holds it"
                         : code == SQLITE_CANTOPEN ? "; it and its folder must be writable"
                                                   : "";
    return error_set(err, ERROR_ENVIRONMENT, "%s: the store failed: %s%s", store->path,
                     sqlite3_errmsg(store->db), advice);
}

sqlite3_stmt *store_bind(struct store_engine *store, enum statement id, const char *types, ...)
{
    sqlite3_stmt *statement = store->statements[id];
    va_list args;
    va_start(args, types);
    sqlite3_reset(statement);
    for (int i = 1; *types; i++, types++) {
        if (*types == 'i') {
            sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
        } else if (*types == 't') {
            sqlite3_bind_text(statement, i, va_arg(args, const char *), -1, SQLITE_STATIC);
        } else if (*types == 'n') {
            const struct store_name *name = va_arg(args, const struct store_name *);
            sqlite3_bind_text(statement, i, name->text, (int)name->len, SQLITE_STATIC);
        } else {
            const void *bytes = va_arg(args, const void *);
            size_t len = va_arg(args, size_t);
            sqlite3_bind_blob64(statement, i, len ? bytes : "", len, SQLITE_STATIC);
        }
    }
    va_end(args);
    return statement;
}

bool store_run(struct store_engine *store, sqlite3_stmt *statement, struct error *err)
{
    int code = sqlite3_step(statement);
    bool fine = code == SQLITE_DONE || code == SQLITE_ROW || store_fail(store, err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return fine;
}

int64_t store_number(sqlite3_stmt *statement, int64_t none, int64_t failed)
{
    int code = sqlite3_step(statement);
    int64_t number = code == SQLITE_ROW    ? sqlite3_column_int64(statement, 0)
                     : code == SQLITE_DONE ? none
                                           : failed;
    sqlite3_reset(statement);
    return number;
}

void store_copy(sqlite3_stmt *statement, void *ret, size_t cap, size_t *ret_len)
{
    size_t len = (size_t)sqlite3_column_bytes(statement, 0);
    const void *bytes = sqlite3_column_blob(statement, 0);
    *ret_len = len < cap ? len : cap;
    if (*ret_len > 0) {
        memcpy(ret, bytes, *ret_len);
    }
}
