#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bot/host/program.h"

struct outcome;
struct reply;

/*
 * The command line: one file a command, each exporting one `const struct command`; table.c lists
 * them. The rows drive the parser (getopt_long), --help and "did you mean". A command's run() gets
 * a line that is already parsed and checked.
 */
enum exit_status { STATUS_FINE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

enum { COMMAND_OPTIONS_MAX = 8, COMMAND_REPEATS_MAX = 16 };

struct command_option {
    const char *name;           /* long name; NULL ends the list */
    const char *value;          /* what its value is called in help; NULL: it takes none */
    const char *const *choices; /* NULL-terminated values that are accepted, or NULL for any */
    const char *help;           /* one line */
};

struct command_call;

struct command {
    const char *name;
    const char *operands; /* for the usage line: "[QUESTION...]", "" when it takes none */
    size_t operands_min, operands_max;
    const char *summary;  /* one line for the list of commands */
    const char *details;  /* for --help: lines of at most 80 columns, each ended by a line feed */
    const char *examples; /* the same; each line is a command that works */
    const struct command_option *options; /* besides -c, -h and --version; NULL when none */
    /* Returns an exit status; reports its own failures. */
    int (*run)(const struct command_call *call);
};

/* What was typed. Pointers lead into argv. */
struct command_call {
    const struct command *command;
    const char *config_path; /* NULL without -c */
    char **operands;
    size_t operand_count;
    /* By the option's index; a flag that was given counts, with NULL as its item. */
    struct command_values {
        const char *items[COMMAND_REPEATS_MAX];
        size_t count;
    } values[COMMAND_OPTIONS_MAX];
};

/*
 * All of the program but main(): parses, runs, makes sure that the output arrived. Returns the exit
 * status.
 */
int command_main(int argc, char **argv);

/* The last value of an option, NULL when it was not given. */
const char *command_value(const struct command_call *call, size_t option);
bool command_flag(const struct command_call *call, size_t option);

/* Index of the option's value among its choices, or fallback. */
int command_choice(const struct command_call *call, size_t option, int fallback);

/* program_open() with the call's -c and these packs; reports what is wrong. */
bool command_open(const struct command_call *call, const char *const *packs, size_t pack_count,
                  struct program *ret);

/*
 * Prints the outcome's JSON object (outcome_json.h) as a line. False, having reported why, when it
 * cannot.
 */
bool command_print_json(const char *id, const struct outcome *outcome, const struct reply *reply);

/*
 * This process becomes one of the programs that do a command's work apart, for what they carry:
 * what that writes and how it ends is the command's; its number stays, so signals reach it. line:
 * its name and arguments, NULL at the end. Returns only when it cannot, having said why.
 */
int command_become(const char *const *line);

/* The operands as one text, spaces between: a question need not be quoted. Owned by the caller. */
char *command_join_operands(const struct command_call *call);

/* table.c: sorted by name. */
extern const struct command *const command_table[];
extern const size_t command_count;
const struct command *command_find(const char *name);

extern const struct command command_ask, command_backup, command_chat, command_check,
    command_explain, command_gaps, command_replay, command_restore, command_run, command_test,
    command_train;
