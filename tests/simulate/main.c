/*
 * usage: simulate KEY=VALUE...       simulate --help tells the keys
 *
 * One table of what a service does under a load, in an outage, with senders that try again. One key
 * may have several values, with commas: a row for each. Figures of docs/SCALE.md come from here.
 */
#include <errno.h>
#include <math.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "tests/simulate/traffic.h"

enum { TIMES_MAX = 1000000, EXIT_USAGE = 2 };

/* Who sends again when; [PROTOCOLS] S6, N2, G3; the outbox's own back-off (bot/host/outbox.h). */
static const struct sender {
    const char *name;
    enum traffic_retry retry;
    double patience_s, marks_s[TRAFFIC_MARKS_MAX];
    size_t mark_count;
    double first_s, most_s, jitter;
} senders[] = {
    {"slack", TRAFFIC_MARKS, 3, {0, 60, 300}, 3, 0, 0, 0},
    {"slash", TRAFFIC_NEVER, 3, {0}, 0, 0, 0, 0},
    {"github", TRAFFIC_NEVER, 10, {0}, 0, 0, 0, 0},
    {"linear", TRAFFIC_MARKS, 5, {60, 3600, 21600}, 3, 0, 0, 0},
    {"outbox", TRAFFIC_BACKOFF, 0, {0}, 0, 1, 600, 0.25},
};

struct options {
    struct traffic_setup setup;
    double outage_s; /* from setup.down_s on */
};

#define NUMBER(name, help)                                       \
    {                                                            \
#name, offsetof(struct options, setup.name), false, help \
    }
#define COUNT(name, help)                                       \
    {                                                           \
#name, offsetof(struct options, setup.name), true, help \
    }
static const struct key {
    const char *name;
    size_t offset; /* in struct options */
    bool whole;    /* a uint32_t, else a double */
    const char *help;
} keys[] = {
    NUMBER(rate, "messages a second, at random moments"),
    NUMBER(seconds, "for so long (60)"),
    COUNT(burst, "so many more together"),
    NUMBER(burst_s, "in this moment (0)"),
    COUNT(servers, "fed from one queue (1)"),
    COUNT(batch, "messages that a turn takes at most (1)"),
    NUMBER(turn_us, "a turn takes this and what its messages take"),
    NUMBER(wake_us, "more for a turn that found it idle"),
    NUMBER(message_us, "a message takes"),
    NUMBER(again_us, "a message that was taken before takes"),
    COUNT(room, "calls that wait at most (0: any number)"),
    NUMBER(down_s, "when the outage begins"),
    {"outage_s", offsetof(struct options, outage_s), false, "how long it lasts (0: none)"},
    NUMBER(patience_s, "how long a sender waits for an answer"),
    NUMBER(first_s, "the first back-off"),
    NUMBER(most_s, "the longest"),
    NUMBER(jitter, "a share more or less, by chance"),
};

static bool parse_double(const char *text, double *ret, struct error *err)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !isfinite(value) || value < 0) {
        return error_set(err, ERROR_USAGE, "\"%s\" is no number from 0 on", text);
    }
    *ret = value;
    return true;
}

static bool set_sender(struct traffic_setup *setup, const char *name, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
        const struct sender *sender = &senders[i];
        if (strcmp(sender->name, name) != 0) {
            continue;
        }
        setup->retry = sender->retry;
        setup->patience_s = sender->patience_s;
        memcpy(setup->marks_s, sender->marks_s, sizeof(setup->marks_s));
        setup->mark_count = sender->mark_count;
        setup->first_s = sender->first_s;
        setup->most_s = sender->most_s;
        setup->jitter = sender->jitter;
        return true;
    }
    return error_set(err, ERROR_USAGE, "sender=%s: there is no such sender; --help names them",
                     name);
}

/* One time a line, in us. The list is kept until the program ends. */
static bool load_times(struct traffic_setup *setup, const char *path, struct error *err)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return error_errno(err, errno, "times=%s cannot be read", path);
    }
    double *times = mem_alloc(TIMES_MAX * sizeof(*times));
    size_t count = 0;
    while (count < TIMES_MAX && fscanf(file, "%lf", &times[count]) == 1 && times[count] >= 0) {
        count++;
    }
    bool whole = feof(file) && count > 0;
    fclose(file);
    if (!whole) {
        mem_free(times);
        return error_set(err, ERROR_INPUT, "times=%s: line %zu is no time in us", path, count + 1);
    }
    setup->law = TRAFFIC_MEASURED;
    setup->measured = times;
    setup->measured_count = count;
    return true;
}

/* Keys whose values are words. */
static bool set_word(struct traffic_setup *setup, const char *key, const char *value,
                     struct error *err)
{
    if (strcmp(key, "sender") == 0) {
        return set_sender(setup, value, err);
    }
    if (strcmp(key, "times") == 0) {
        return load_times(setup, value, err);
    }
    if (strcmp(key, "law") == 0 && strcmp(value, "exponential") == 0) {
        setup->law = TRAFFIC_EXPONENTIAL;
        return true;
    }
    if (strcmp(key, "outage") == 0 && strcmp(value, "stalls") == 0) {
        setup->stalls = true;
        return true;
    }
    return error_set(err, ERROR_USAGE, "%s=%s: no such key or value; --help names them", key,
                     value);
}

static bool set(struct options *options, const char *key, const char *value, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        double number = 0;
        if (strcmp(key, keys[i].name) != 0) {
            continue;
        }
        if (!parse_double(value, &number, err)) {
            return false;
        }
        void *field = (char *)options + keys[i].offset;
        if (!keys[i].whole) {
            *(double *)field = number;
        } else if (number <= UINT32_MAX) {
            *(uint32_t *)field = (uint32_t)number;
        } else {
            return error_set(err, ERROR_USAGE, "%s=%s is too many", key, value);
        }
        return true;
    }
    return set_word(&options->setup, key, value, err);
}

static void print_help(void)
{
    puts("usage: simulate KEY=VALUE...\n\n"
         "One key may have several values, with commas: a row of the table for each.\n");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        printf("  %-12s %s\n", keys[i].name, keys[i].help);
    }
    puts("  law          exponential: how long messages take (all alike)\n"
         "  times        a file of measured times in us, one a line, instead of message_us\n"
         "  outage       stalls: it hangs (it refuses)");
    fputs("  sender       who tries again when:", stdout);
    for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
        printf(" %s", senders[i].name);
    }
    puts("\nLater keys overrule earlier ones: sender=outbox jitter=0");
}

static void print_head(const char *key)
{
    printf("| %s | messages | calls | failed | again | lost | busiest second | waiting at most | "
           "busy | "
           "mean | p50 | p99 | at most | caught up after |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
           key);
}

static void print_time(double seconds)
{
    if (seconds < 1) {
        printf(" %.2f ms |", seconds * 1e3);
    } else {
        printf(" %.1f s |", seconds);
    }
}

static void print_row(struct options *options, const char *value)
{
    struct traffic_result result;
    options->setup.up_s = options->setup.down_s + options->outage_s;
    traffic_run(&options->setup, &result);
    printf("| %s | %llu | %llu | %llu | %llu | %llu | %llu | %zu | %.2f |", value,
           (unsigned long long)result.messages, (unsigned long long)result.calls,
           (unsigned long long)result.failed, (unsigned long long)result.again,
           (unsigned long long)result.lost, (unsigned long long)result.busiest, result.waiting_most,
           result.busy);
    print_time(sample_mean(&result.taken_s));
    print_time(sample_percentile(&result.taken_s, 0.5));
    print_time(sample_percentile(&result.taken_s, 0.99));
    print_time(sample_percentile(&result.taken_s, 1));
    print_time(result.caught_up_s);
    putchar('\n');
    traffic_finish(&result);
}

/* One row for each of the values, or one alone. */
static bool print_table(struct options *options, const char *key, char *values, struct error *err)
{
    print_head(key == NULL ? "" : key);
    if (key == NULL) {
        print_row(options, "");
        return true;
    }
    for (char *rest = NULL, *value = strtok_r(values, ",", &rest); value != NULL;
         value = strtok_r(NULL, ",", &rest)) {
        struct options row = *options;
        if (!set(&row, key, value, err)) {
            return false;
        }
        print_row(&row, value);
    }
    return true;
}

static bool simulate(char **arguments, int count, struct error *err)
{
    struct options options = {.setup = {.seed = 1, .seconds = 60}};
    const char *varied = NULL;
    char *values = NULL;
    for (int i = 0; i < count; i++) {
        char *value = strchr(arguments[i], '=');
        if (value == NULL) {
            return error_set(err, ERROR_USAGE, "%s: want KEY=VALUE", arguments[i]);
        }
        *value++ = '\0';
        if (strchr(value, ',') == NULL) {
            if (!set(&options, arguments[i], value, err)) {
                return false;
            }
        } else if (varied != NULL) {
            return error_set(err, ERROR_USAGE, "%s and %s both have several values", varied,
                             arguments[i]);
        } else {
            varied = arguments[i];
            values = value;
        }
    }
    return print_table(&options, varied, values, err);
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        print_help();
        return argc < 2 ? EXIT_USAGE : EXIT_SUCCESS;
    }
    struct error err = {0};
    if (!simulate(argv + 1, argc - 1, &err)) {
        fprintf(stderr, "simulate: %s\n", err.text);
        return err.code == ERROR_USAGE ? EXIT_USAGE : EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
