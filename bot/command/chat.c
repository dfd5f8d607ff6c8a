#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "adapters/terminal.h"
#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/error.h"
#include "bot/command/command.h"
#include "bot/host/report.h"

enum { OPTION_PACK, OPTION_LENGTH };

static const struct command_option options[] = {
    [OPTION_PACK] = {"pack", "DIR|FILE", NULL, "knowledge instead of the usual; may be repeated"},
    [OPTION_LENGTH] = {"length", "line|short|full", config_lengths, "how long an answer is"},
    {0},
};

struct chat {
    struct program program;
    struct terminal *terminal;
    struct conversation conversation;
    int length;
    bool done;
    char prompt[64];
    char history[PATH_MAX];
};

/* What is typed with a slash is for the terminal, not for the advisor. */
struct slash {
    const char *name, *help;
    void (*act)(struct chat *chat);
};

static void on_help(struct chat *chat);

static void on_new(struct chat *chat)
{
    conversation_init(&chat->conversation);
    puts("Forgotten. What is the project?");
}

static void on_quit(struct chat *chat)
{
    chat->done = true;
}

static const struct slash slashes[] = {
    {"/help", "this list", on_help},
    {"/new", "forget what was said and start over", on_new},
    {"/quit", "leave (so does Ctrl-D)", on_quit},
};
enum { SLASH_COUNT = sizeof(slashes) / sizeof(slashes[0]) };

static void on_help(struct chat *chat)
{
    (void)chat;
    puts("Say what the project is like and ask which to take, in your own words. Then: why?\n"
         "why not the other? what would change your mind?");
    for (size_t i = 0; i < SLASH_COUNT; i++) {
        printf("  %-7s %s\n", slashes[i].name, slashes[i].help);
    }
}

static void unknown_slash(const char *typed)
{
    struct nearest nearest;
    nearest_init(&nearest, typed);
    for (size_t i = 0; i < SLASH_COUNT; i++) {
        nearest_offer(&nearest, slashes[i].name);
    }
    report("there is no \"%s\"%s", typed,
           nearest.best == NULL ? "; see /help" : nearest_hint(&nearest));
}

/* One lower-case word after a slash; "/etc/nginx or /srv?" is talk. */
static bool is_slash(const struct buf *text)
{
    size_t len = text->len;
    while (len > 0 && text->data[len - 1] == ' ') {
        len--;
    }
    if (len < 2 || len >= NEAREST_LEN_MAX || text->data[0] != '/') {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        if (text->data[i] < 'a' || text->data[i] > 'z') {
            return false;
        }
    }
    return true;
}

static void take_slash(struct chat *chat, const struct buf *text)
{
    char typed[NEAREST_LEN_MAX];
    snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(text->data, " "), text->data);
    for (size_t i = 0; i < SLASH_COUNT; i++) {
        if (strcmp(slashes[i].name, typed) == 0) {
            slashes[i].act(chat);
            return;
        }
    }
    unknown_slash(typed);
}

static void take_turn(struct chat *chat, const struct lines *line)
{
    struct outcome outcome;
    struct reply reply;
    program_note_truncated(line);
    program_turn(&chat->program, &chat->conversation, SURFACE_DM, line->text.data, line->text.len,
                 chat->length, &outcome, &reply);
    if (outcome.kind != KIND_SILENT) {
        terminal_say(chat->terminal, &reply, chat->length == LENGTH_LINE);
    }
}

static int converse(struct chat *chat)
{
    struct error err = {0};
    while (!chat->done && terminal_next(chat->terminal, &err)) {
        const struct lines *line = terminal_line(chat->terminal);
        if (lines_blank(line)) {
            continue;
        }
        if (is_slash(&line->text)) {
            take_slash(chat, &line->text);
        } else {
            take_turn(chat, line);
        }
        if (!report_output()) {
            return STATUS_FAILED;
        }
    }
    if (err.code != ERROR_NONE) {
        report_error(&err);
        return STATUS_FAILED;
    }
    return STATUS_FINE;
}

static const char *history_of(struct chat *chat)
{
    const char *history = chat->program.config.history;
    if (strcmp(history, "auto") == 0) {
        bool found = terminal_history_path(chat->history, sizeof(chat->history));
        return found ? chat->history : NULL;
    }
    return strcmp(history, "none") == 0 ? NULL : history;
}

static bool start_terminal(struct chat *chat)
{
    struct error err = {0};
    const struct config *config = &chat->program.config;
    snprintf(chat->prompt, sizeof(chat->prompt), "%s> ", config->name);
    const struct terminal_options terminal = {.prompt = chat->prompt,
                                              .history = history_of(chat),
                                              .colour = config->colour,
                                              .line_max = TEXT_MAX};
    if (!terminal_create(&terminal, &chat->terminal, &err)) {
        report_error(&err);
        return false;
    }
    if (terminal_interactive(chat->terminal)) {
        puts("Which is it to be, and for what? In your own words; /help for help, Ctrl-D to "
             "leave.\n");
    }
    return true;
}

static int run(const struct command_call *call)
{
    struct chat chat = {0};
    if (!command_open(call, call->values[OPTION_PACK].items, call->values[OPTION_PACK].count,
                      &chat.program)) {
        return STATUS_FAILED;
    }
    chat.length = command_choice(call, OPTION_LENGTH, chat.program.config.length);
    conversation_init(&chat.conversation);
    int status = start_terminal(&chat) ? converse(&chat) : STATUS_FAILED;
    terminal_destroy(chat.terminal);
    program_close(&chat.program);
    return status;
}

const struct command command_chat = {
    .name = "chat",
    .operands = "",
    .summary = "a conversation in the terminal",
    .details = "One conversation: each line is a turn, and what was said before counts. On a\n"
               "terminal lines can be edited and are kept in a history; otherwise the turns are\n"
               "read from standard input, with a line \"---\" between the answers. /help lists\n"
               "what can be typed besides questions; Ctrl-D leaves.\n",
    .examples = "  whether chat\n"
                "  whether chat --length full\n"
                "  printf 'Node or Django? React frontend.\\nwhy?\\n' | whether chat\n",
    .options = options,
    .run = run,
};
