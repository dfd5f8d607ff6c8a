#include "bot/command/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "bot/advisor/reply.h"
#include "bot/advisor/wording.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/outcome_json.h"
#include "bot/host/report.h"

/* getopt_long's codes: letters for the common options, OWN + index for a command's own. */
enum { OPTION_CONFIG = 'c', OPTION_HELP = 'h', OPTION_VERSION = 'V', OPTION_OWN = 1000 };
enum { COMMON_COUNT = 3, PARSED = -1 };
enum { PLAIN_MAX = 64 * 1024, OBJECT_MAX = 256 * 1024 };

static const struct option common_options[COMMON_COUNT] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
};

static size_t option_count(const struct command *command)
{
    size_t count = 0;
    while (command->options != NULL && command->options[count].name != NULL) {
        count++;
    }
    return count;
}

static int print_version(void)
{
    puts("whether " WHETHER_VERSION);
    return STATUS_FINE;
}

static void print_overview(FILE *file)
{
    fputs("usage: whether COMMAND [OPTION...] [ARGUMENT...]\n\n", file);
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = command_table[i];
        fprintf(file, "  %-8s %-16s %s\n", command->name, command->operands, command->summary);
    }
    fputs("\n"
          "  -c, --config FILE   the configuration (see config.example.ini)\n"
          "  -h, --help          help; after a command, on that command\n"
          "      --version\n"
          "\n"
          "examples:\n"
          "  whether ask Node or Django for a live auction board?\n"
          "  whether chat\n"
          "  whether ask --help\n",
          file);
}

static void print_option(const char *left, const char *help)
{
    printf("  %-31s %s\n", left, help);
}

static int print_help(const struct command *command)
{
    char left[64];
    printf("usage: whether %s [OPTION...]%s%s\n\n%s.\n\n%s\noptions:\n", command->name,
           command->operands[0] == '\0' ? "" : " ", command->operands, command->summary,
           command->details);
    for (size_t i = 0; i < option_count(command); i++) {
        const struct command_option *option = &command->options[i];
        snprintf(left, sizeof(left), "    --%s%s%s", option->name, option->value == NULL ? "" : " ",
                 option->value == NULL ? "" : option->value);
        print_option(left, option->help);
    }
    print_option("-c, --config FILE", "the configuration");
    print_option("-h, --help", "this text");
    print_option("    --version", "the program's version");
    printf("\nexamples:\n%s", command->examples);
    return STATUS_FINE;
}

static int usage(const char *command, const char *problem)
{
    report("%s; see whether%s%s --help", problem, command == NULL ? "" : " ",
           command == NULL ? "" : command);
    return STATUS_USAGE;
}

static void build_options(const struct command *command, struct option *ret)
{
    size_t count = command == NULL ? 0 : option_count(command);
    for (size_t i = 0; i < count; i++) {
        const struct command_option *own = &command->options[i];
        ret[i] = (struct option){own->name, own->value == NULL ? no_argument : required_argument,
                                 NULL, OPTION_OWN + (int)i};
    }
    memcpy(ret + count, common_options, sizeof(common_options));
    ret[count + COMMON_COUNT] = (struct option){0};
}

/* optopt says which letter is unknown; of a long option only argv knows the name. */
static int bad_option(const struct command *command, const struct option *options, char **argv)
{
    const char *name = command == NULL ? NULL : command->name;
    char problem[512];
    if (strncmp(argv[optind - 1], "--", 2) != 0) {
        snprintf(problem, sizeof(problem), "unknown option \"-%c\"", optopt);
        return usage(name, problem);
    }
    char typed[128];
    const char *word = argv[optind - 1];
    word += strspn(word, "-");
    snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(word, "="), word);
    struct nearest nearest;
    nearest_init(&nearest, typed);
    for (const struct option *option = options; option->name != NULL; option++) {
        nearest_offer(&nearest, option->name);
        if (strcmp(option->name, typed) == 0) {
            snprintf(problem, sizeof(problem), "option \"--%s\" takes no value", typed);
            return usage(name, problem);
        }
    }
    if (nearest.best != NULL) {
        report("unknown option \"--%s\"; did you mean \"--%s\"?", typed, nearest.best);
        return STATUS_USAGE;
    }
    snprintf(problem, sizeof(problem), "unknown option \"--%s\"", typed);
    return usage(name, problem);
}

static int missing_value(const struct command *command, char **argv)
{
    char problem[512];
    snprintf(problem, sizeof(problem), "option \"%.200s\" needs a value", argv[optind - 1]);
    return usage(command == NULL ? NULL : command->name, problem);
}

static int choice_of(const struct command_option *option, const char *value)
{
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], value) == 0) {
            return i;
        }
    }
    return -1;
}

static int bad_choice(const struct command_option *option, const char *value)
{
    char list[256] = "";
    size_t len = 0;
    for (size_t i = 0; option->choices[i] != NULL && len < sizeof(list); i++) {
        const char *before = i == 0 ? "" : option->choices[i + 1] == NULL ? " or " : ", ";
        len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", before, option->choices[i]);
    }
    report("--%s takes %s, not \"%.100s\"", option->name, list, value);
    return STATUS_USAGE;
}

static int take_value(struct command_call *call, size_t index)
{
    const struct command_option *option = &call->command->options[index];
    if (option->choices != NULL && choice_of(option, optarg) < 0) {
        return bad_choice(option, optarg);
    }
    if (call->values[index].count == COMMAND_REPEATS_MAX) {
        report("--%s is given more than %d times", option->name, COMMAND_REPEATS_MAX);
        return STATUS_USAGE;
    }
    call->values[index].items[call->values[index].count++] = optarg;
    return PARSED;
}

static int take_option(struct command_call *call, int code, const struct option *options,
                       char **argv)
{
    switch (code) {
    case OPTION_CONFIG:
        call->config_path = optarg;
        return optarg[0] != '\0' ? PARSED
                                 : usage(call->command == NULL ? NULL : call->command->name,
                                         "--config needs the name of a file");
    case OPTION_HELP:
        if (call->command == NULL) {
            print_overview(stdout);
            return STATUS_FINE;
        }
        return print_help(call->command);
    case OPTION_VERSION:
        return print_version();
    case ':':
        return missing_value(call->command, argv);
    case '?':
        return bad_option(call->command, options, argv);
    default:
        return take_value(call, (size_t)(code - OPTION_OWN));
    }
}

/* PARSED, or the exit status when there is nothing left to run. */
static int parse(struct command_call *call, int argc, char **argv)
{
    struct option options[COMMAND_OPTIONS_MAX + COMMON_COUNT + 1];
    build_options(call->command, options);
    opterr = 0;
    /* Before the command's name, the first word that is no option ends the options. */
    const char *letters = call->command == NULL ? "+:c:h" : ":c:h";
    for (;;) {
        optopt = 0;
        int code = getopt_long(argc, argv, letters, options, NULL);
        if (code == -1) {
            break;
        }
        int status = take_option(call, code, options, argv);
        if (status != PARSED) {
            return status;
        }
    }
    call->operands = argv + optind;
    call->operand_count = (size_t)(argc - optind);
    return PARSED;
}

static int unknown_command(const char *typed)
{
    struct nearest nearest;
    nearest_init(&nearest, typed);
    for (size_t i = 0; i < command_count; i++) {
        nearest_offer(&nearest, command_table[i]->name);
    }
    report("unknown command \"%.60s\"%s", typed,
           nearest.best == NULL ? "; see whether --help" : nearest_hint(&nearest));
    return STATUS_USAGE;
}

static int check_operands(const struct command_call *call)
{
    const struct command *command = call->command;
    char problem[512];
    if (call->operand_count < command->operands_min) {
        snprintf(problem, sizeof(problem), "%s needs %s", command->name, command->operands);
        return usage(command->name, problem);
    }
    if (call->operand_count > command->operands_max) {
        snprintf(problem, sizeof(problem), "%s does not take \"%.100s\"", command->name,
                 call->operands[command->operands_max]);
        return usage(command->name, problem);
    }
    return PARSED;
}

static int run(int argc, char **argv)
{
    struct command_call call = {0};
    int status = parse(&call, argc, argv);
    if (status != PARSED) {
        return status;
    }
    if (call.operand_count == 0) {
        print_overview(stderr);
        return STATUS_USAGE;
    }
    int at = optind;
    call.command = command_find(argv[at]);
    if (call.command == NULL) {
        return unknown_command(argv[at]);
    }
    optind = 0; /* GNU: begin anew, with another string of letters */
    status = parse(&call, argc - at, argv + at);
    if (status == PARSED) {
        status = check_operands(&call);
    }
    return status == PARSED ? call.command->run(&call) : status;
}

int command_main(int argc, char **argv)
{
    program_set_up_memory();
    int status = run(argc, argv);
    if (!report_output() && status == STATUS_FINE) {
        status = STATUS_FAILED;
    }
    return status;
}

bool command_flag(const struct command_call *call, size_t option)
{
    return call->values[option].count > 0;
}

const char *command_value(const struct command_call *call, size_t option)
{
    size_t count = call->values[option].count;
    return count == 0 ? NULL : call->values[option].items[count - 1];
}

int command_choice(const struct command_call *call, size_t option, int fallback)
{
    const char *value = command_value(call, option);
    return value == NULL ? fallback : choice_of(&call->command->options[option], value);
}

bool command_open(const struct command_call *call, const char *const *packs, size_t pack_count,
                  struct program *ret)
{
    const struct program_options options = {
        .config_path = call->config_path, .packs = packs, .pack_count = pack_count};
    struct fault_list faults = {0};
    bool fine = program_open(ret, &options, &faults);
    report_faults(&faults, "whether: ");
    fault_finish(&faults);
    return fine;
}

char *command_join_operands(const struct command_call *call)
{
    size_t len = 1;
    for (size_t i = 0; i < call->operand_count; i++) {
        len += strlen(call->operands[i]) + 1;
    }
    char *text = mem_alloc(len);
    size_t at = 0;
    for (size_t i = 0; i < call->operand_count; i++) {
        size_t word = strlen(call->operands[i]);
        memcpy(text + at, call->operands[i], word);
        at += word;
        if (i + 1 < call->operand_count) {
            text[at++] = ' ';
        }
    }
    text[at] = '\0';
    return text;
}

static bool put_json(const char *id, const struct outcome *outcome, struct buf *plain,
                     struct buf *object)
{
    struct error err = {0};
    while (plain->len > 0 && plain->data[plain->len - 1] == '\n') {
        plain->data[--plain->len] = '\0';
    }
    const char *text = plain->data == NULL ? "" : plain->data;
    if (!outcome_json(id, outcome, text, object, &err)) {
        report_error(&err);
        return false;
    }
    buf_putc(object, '\n');
    report_write(object->data, object->len);
    return true;
}

bool command_print_json(const char *id, const struct outcome *outcome, const struct reply *reply)
{
    struct buf plain, object;
    buf_init(&plain, PLAIN_MAX);
    buf_init(&object, OBJECT_MAX);
    wording_format(reply, WORDING_PLAIN, &plain);
    bool fine = put_json(id, outcome, &plain, &object);
    buf_finish(&plain);
    buf_finish(&object);
    return fine;
}
