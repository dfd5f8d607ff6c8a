#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/command/command.h"
#include "bot/host/report.h"
#include "bot/host/store.h"
#include "bot/host/store_configured.h"

enum { OPTION_MOST, OPTION_JSON };
enum { MOST_DEFAULT = 50, LINE_MAX_BYTES = 8192 };

static const struct command_option options[] = {
    [OPTION_MOST] = {"most", "N", NULL, "at most so many (default 50)"},
    [OPTION_JSON] = {"json", NULL, NULL, "one JSON object a line"},
    {0},
};

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

/* false, having said why, when it is no number from 1 on. */
static bool read_most(const struct command_call *call, size_t *ret)
{
    const char *text = command_value(call, OPTION_MOST);
    char *end = NULL;
    *ret = MOST_DEFAULT;
    if (text == NULL) {
        return true;
    }
    errno = 0;
    unsigned long most = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || most == 0 ||
        most > GAPS_KEPT_MAX) {
        report("--most takes a number from 1 to %d, not \"%.40s\"", GAPS_KEPT_MAX, text);
        return false;
    }
    *ret = most;
    return true;
}

static int run(const struct command_call *call)
{
    struct config config = {0};
    struct fault_list faults = {0};
    struct error err = {0};
    struct store *store = NULL;
    const struct program_options where = {.config_path = call->config_path};
    size_t most;
    if (!read_most(call, &most)) {
        return STATUS_USAGE;
    }
    bool fine = program_load_config(&where, &config, &faults);
    report_faults(&faults, "");
    fault_finish(&faults);
    if (fine && config.redis.url[0] == '\0' && access(config.store, F_OK) != 0 && errno == ENOENT) {
        report("%s: there is no store yet; `whether run` makes it", config.store);
    } else if (fine) {
        fine = store_open_configured_reader(&config, &store, &err) &&
               list(store, most, command_flag(call, OPTION_JSON), &err);
    }
    if (err.code != ERROR_NONE) {
        report_error(&err);
    }
    store_close(store);
    config_finish(&config);
    return fine ? STATUS_FINE : STATUS_FAILED;
}

const struct command command_gaps = {
    .name = "gaps",
    .operands = "",
    .summary = "what was asked and not understood, most frequent first",
    .details = "Reads the store that `whether run` keeps ([store]), also while it runs.\n"
               "Questions that differ only in case, punctuation and blanks are one.\n"
               "kind unknown: nothing in the packs answers it. ask: a choice was asked for,\n"
               "without a fact that any rule could use. wrong: somebody pressed Wrong.\n",
    .examples = "  whether gaps -c whether.ini\n"
                "  whether gaps --most 10 --json\n",
    .options = options,
    .run = run,
};
