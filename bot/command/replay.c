#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/error.h"
#include "bot/command/command.h"
#include "bot/host/lines.h"
#include "bot/host/report.h"

enum { OPTION_PACK, OPTION_LENGTH };

enum {
    LINE_MAX_BYTES = 16 * 1024 * 1024,
    DEPTH_MAX = 16, /* jansson recurses; labels that we pass over may still nest */
    PROGRESS_AFTER_MS = 1000,
    PROGRESS_EVERY_MS = 250,
};

static const struct command_option options[] = {
    [OPTION_PACK] = {"pack", "DIR|FILE", NULL, "knowledge instead of the usual; may be repeated"},
    [OPTION_LENGTH] = {"length", "line|short|full", config_lengths, "how long the texts are"},
    {0},
};

struct replay {
    struct program program;
    struct lines lines;
    int length;
    bool failed; /* a line was bad */
    bool watched;
    int64_t started_ms, told_ms;
};

/* What a line must hold. */
struct record {
    const char *id;
    enum surface surface;
    const json_t *say;
};

static int64_t now_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void show_progress(struct replay *replay)
{
    int64_t now = replay->watched ? now_ms() : 0;
    if (now - replay->started_ms >= PROGRESS_AFTER_MS &&
        now - replay->told_ms >= PROGRESS_EVERY_MS) {
        replay->told_ms = now;
        fprintf(stderr, "\rwhether: %lu conversations, %.1f s ", replay->lines.number,
                (double)(now - replay->started_ms) / 1000.0);
    }
}

/* So that a message or the shell's prompt does not stand behind a half line. */
static void clear_progress(struct replay *replay)
{
    if (replay->told_ms != 0) {
        fprintf(stderr, "\r%60s\r", "");
        replay->told_ms = 0;
    }
}

static void bad_line(struct replay *replay, const char *cause)
{
    clear_progress(replay);
    replay->failed = true;
    report("%s:%lu: %s", replay->lines.name, replay->lines.number, cause);
}

/* Counts brackets outside strings; what is no JSON is for the parser to find. */
static bool nests_too_deep(const char *text, size_t len)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        if (in_string && text[i] == '\\') {
            i++;
        } else if (in_string) {
            in_string = text[i] != '"';
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '[' || text[i] == '{') {
            if (++depth > DEPTH_MAX) {
                return true;
            }
        } else if (text[i] == ']' || text[i] == '}') {
            depth--;
        }
    }
    return false;
}

static bool is_turns(const json_t *say)
{
    for (size_t i = 0; i < json_array_size(say); i++) {
        if (!json_is_string(json_array_get(say, i))) {
            return false;
        }
    }
    return json_array_size(say) > 0;
}

/* The cause, or NULL when the object is a record. */
static const char *take_record(const json_t *object, struct record *ret)
{
    const json_t *id = json_object_get(object, "id");
    const char *surface = json_string_value(json_object_get(object, "surface"));
    const json_t *say = json_object_get(object, "say");
    if (!json_is_object(object)) {
        return "a line must be one JSON object";
    }
    if (!json_is_string(id) || json_string_length(id) != strlen(json_string_value(id))) {
        return "\"id\" must be a string without NUL";
    }
    if (surface == NULL || surface_find(surface) < 0) {
        return "\"surface\" must be dm, mention, slash, tracker or ambient";
    }
    if (!is_turns(say)) {
        return "\"say\" must be a list of one or more strings";
    }
    *ret = (struct record){json_string_value(id), (enum surface)surface_find(surface), say};
    return NULL;
}

static bool play(struct replay *replay, const struct record *record)
{
    struct conversation conversation;
    struct outcome outcome;
    struct reply reply;
    conversation_init(&conversation);
    for (size_t i = 0; i < json_array_size(record->say); i++) {
        const json_t *turn = json_array_get(record->say, i);
        program_turn(&replay->program, &conversation, record->surface, json_string_value(turn),
                     json_string_length(turn), replay->length, &outcome, &reply);
    }
    return command_print_json(record->id, &outcome, &reply);
}

static void play_line(struct replay *replay)
{
    const struct buf *text = &replay->lines.text;
    struct record record;
    json_error_t error = {0};
    if (replay->lines.truncated) {
        bad_line(replay, "this line is longer than 16 MiB");
        return;
    }
    if (nests_too_deep(text->data, text->len)) {
        bad_line(replay, "this line nests too deep");
        return;
    }
    json_t *object =
        json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    char syntax[sizeof(error.text) + 12];
    snprintf(syntax, sizeof(syntax), "not JSON: %s", error.text);
    const char *cause = object == NULL ? syntax : take_record(object, &record);
    if (cause != NULL) {
        bad_line(replay, cause);
    } else if (!play(replay, &record)) {
        replay->failed = true;
    }
    json_decref(object);
}

static int play_file(struct replay *replay)
{
    struct error err = {0};
    while (lines_next(&replay->lines, &err)) {
        if (!lines_blank(&replay->lines)) {
            play_line(replay);
        }
        if (ferror(stdout)) {
            replay->failed = true;
            break;
        }
        show_progress(replay);
    }
    clear_progress(replay);
    if (err.code != ERROR_NONE) {
        report_error(&err);
        return STATUS_FAILED;
    }
    return replay->failed ? STATUS_FAILED : STATUS_FINE;
}

static int run(const struct command_call *call)
{
    struct replay replay = {.watched = isatty(STDERR_FILENO), .started_ms = now_ms()};
    struct error err = {0};
    if (!command_open(call, call->values[OPTION_PACK].items, call->values[OPTION_PACK].count,
                      &replay.program)) {
        return STATUS_FAILED;
    }
    int status = STATUS_FAILED;
    replay.length = command_choice(call, OPTION_LENGTH, replay.program.config.length);
    if (lines_open(&replay.lines, call->operands[0], LINE_MAX_BYTES, &err)) {
        status = play_file(&replay);
        lines_close(&replay.lines);
    } else {
        report_error(&err);
    }
    program_close(&replay.program);
    return status;
}

const struct command command_replay = {
    .name = "replay",
    .operands = "FILE.jsonl",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "conversations in, outcomes out",
    .details =
        "Reads one conversation a line, {\"id\": ..., \"surface\": ..., \"say\": [turns]} (other\n"
        "keys are labels and ignored), and prints the outcome of its last turn as one\n"
        "JSON object a line. FILE.jsonl may be - for standard input. A bad line is\n"
        "reported and passed over; the exit status is then 1.\n",
    .examples = "  whether replay conversations.jsonl > outcomes.jsonl\n"
                "  whether replay dev.jsonl | score.py dev.jsonl /dev/stdin\n"
                "  head -n 5 dev.jsonl | whether replay -\n",
    .options = options,
    .run = run,
};
