#include "bot/daemon/gaps.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/host/program.h"
#include "bot/host/report.h"
#include "bot/host/store.h"
#include "bot/host/store_configured.h"

enum { LINE_MAX_BYTES = 8192 };

/* "2026-11-25": UTC, as in the log. */
static void format_day(int64_t ms, char ret[16])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm day = {0};
    gmtime_r(&seconds, &day);
    strftime(ret, 16, "%Y-%m-%d", &day);
}

static void print_line(void *context, const struct gap *gap)
{
    struct buf line;
    char last[16];
    (void)context;
    format_day(gap->last_ms, last);
    buf_init(&line, LINE_MAX_BYTES);
    buf_printf(&line, "%6llu  %s  %-7s  ", (unsigned long long)gap->count, last, gap->kind);
    report_neutral(&line, gap->text, strlen(gap->text), false);
    buf_putc(&line, '\n');
    report_write(line.data, line.len);
    buf_finish(&line);
}

static void print_json(void *context, const struct gap *gap)
{
    char first[16], last[16];
    (void)context;
    format_day(gap->first_ms, first);
    format_day(gap->last_ms, last);
    json_auto_t *object =
        json_pack("{s:I, s:s, s:s, s:s, s:s}", "count", (json_int_t)gap->count, "kind", gap->kind,
                  "text", gap->text, "first", first, "last", last);
    /* ASCII: what a program reads is the same, and no terminal obeys it. */
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    if (text) {
        report_write(text, strlen(text));
        report_write("\n", 1);
    }
    free(text);
}

static void count_gap(void *context, const struct gap *gap)
{
    (void)gap;
    ++*(size_t *)context;
}

static bool list(struct store *store, size_t most, bool json, struct error *err)
{
    size_t any = 0;
    if (!store_gaps(store, 1, count_gap, &any, err)) {
        return false;
    }
    if (any == 0) {
        report("nothing yet: every question was understood, or none was asked");
        return true;
    }
    if (!json) {
        printf(" times  last asked  kind     question\n");
    }
    return store_gaps(store, most, json ? print_json : print_line, NULL, err);
}

bool gaps_print(const struct program_options *where, size_t most, bool json)
{
    struct config config = {0};
    struct fault_list faults = {0};
    struct error err = {0};
    struct store *store = NULL;
    bool fine = program_load_config(where, &config, &faults);
    report_faults(&faults, "");
    fault_finish(&faults);
    /* Then nothing was asked yet, which is no failure. */
    if (fine && store_configured_is_there(&config, &err)) {
        fine = store_open_configured_reader(&config, &store, &err) && list(store, most, json, &err);
    }
    if (err.code != ERROR_NONE) {
        report_error(&err);
    }
    store_close(store);
    config_finish(&config);
    return fine;
}
