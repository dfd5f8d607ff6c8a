#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapters/terminal.h"
#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/command/command.h"
#include "bot/host/report.h"

enum { OPTION_JSON, OPTION_PACK, OPTION_LENGTH, OPTION_SURFACE };

static const char *const surfaces[] = {"dm", "mention", "slash", "tracker", "ambient", NULL};
_Static_assert(SURFACE_DM == 0 && SURFACE_MENTION == 1 && SURFACE_SLASH == 2 &&
                   SURFACE_TRACKER == 3 && SURFACE_AMBIENT == 4,
               "surfaces");

static const struct command_option options[] = {
    [OPTION_JSON] = {"json", NULL, NULL, "one JSON object a question"},
    [OPTION_PACK] = {"pack", "DIR|FILE", NULL, "knowledge instead of the usual; may be repeated"},
    [OPTION_LENGTH] = {"length", "line|short|full", config_lengths, "how long an answer is"},
    [OPTION_SURFACE] = {"surface", "WHERE", surfaces,
                        "said in a dm (default), mention, slash, tracker, ambient"},
    {0},
};

struct asker {
    struct program program;
    struct terminal *terminal;
    enum surface surface;
    int length;
    bool json;
};

/* Every question is a conversation of its own. */
static bool answer(struct asker *asker, const char *text, size_t len, unsigned long number)
{
    struct conversation conversation;
    struct outcome outcome;
    struct reply reply;
    char id[24];
    conversation_init(&conversation);
    program_turn(&asker->program, &conversation, asker->surface, text, len, asker->length, &outcome,
                 &reply);
    if (asker->json) {
        snprintf(id, sizeof(id), "%lu", number);
        return command_print_json(id, &outcome, &reply) && report_output();
    }
    if (outcome.kind == KIND_SILENT) {
        reply_add(&reply, BLOCK_LEAD, "(silent)");
    }
    terminal_say(asker->terminal, &reply, asker->length == LENGTH_LINE);
    return report_output();
}

static int answer_operands(struct asker *asker, const struct command_call *call)
{
    char *text = command_join_operands(call);
    size_t len = strlen(text);
    if (len > TEXT_MAX) {
        report("the question is longer than %d bytes; what follows was not read", TEXT_MAX);
        len = TEXT_MAX;
    }
    bool fine = answer(asker, text, len, 1);
    mem_free(text);
    return fine ? STATUS_FINE : STATUS_FAILED;
}

/* Answers as they come, so that another program can ask through a pipe and wait. */
static int answer_lines(struct asker *asker)
{
    struct error err = {0};
    if (isatty(STDIN_FILENO)) {
        report("one question a line; Ctrl-D ends");
    }
    while (terminal_next(asker->terminal, &err)) {
        const struct lines *line = terminal_line(asker->terminal);
        program_note_truncated(line);
        if (!lines_blank(line) && !answer(asker, line->text.data, line->text.len, line->number)) {
            return STATUS_FAILED;
        }
    }
    if (err.code != ERROR_NONE) {
        report_error(&err);
        return STATUS_FAILED;
    }
    return STATUS_FINE;
}

static bool start_terminal(struct asker *asker)
{
    struct error err = {0};
    const struct terminal_options terminal = {.colour = asker->program.config.colour,
                                              .line_max = TEXT_MAX};
    if (!terminal_create(&terminal, &asker->terminal, &err)) {
        report_error(&err);
        return false;
    }
    return true;
}

static int run(const struct command_call *call)
{
    struct asker asker = {0};
    if (!command_open(call, call->values[OPTION_PACK].items, call->values[OPTION_PACK].count,
                      &asker.program)) {
        return STATUS_FAILED;
    }
    int status = STATUS_FAILED;
    asker.json = command_flag(call, OPTION_JSON);
    asker.length = command_choice(call, OPTION_LENGTH, asker.program.config.length);
    asker.surface = (enum surface)command_choice(call, OPTION_SURFACE, SURFACE_DM);
    if (start_terminal(&asker)) {
        status = call->operand_count > 0 ? answer_operands(&asker, call) : answer_lines(&asker);
    }
    terminal_destroy(asker.terminal);
    program_close(&asker.program);
    return status;
}

const struct command command_ask = {
    .name = "ask",
    .operands = "[QUESTION...]",
    .operands_max = SIZE_MAX,
    .summary = "one answer to one question",
    .details = "Without QUESTION, every line of standard input is a question of its own; the\n"
               "answers have a line \"---\" between them, unless --length is line. Of a question\n"
               "the first 64 KiB are read. Put -- before a QUESTION with words like --this.\n",
    .examples = "  whether ask Node or Django for a live auction board\\?\n"
                "  whether ask --length full \"The frontend is React. Node or Django?\"\n"
                "  whether ask --json < questions.txt\n",
    .options = options,
    .run = run,
};
