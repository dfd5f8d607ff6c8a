/*
 * host/program and what runs on it, when memory ends: each allocation in turn fails, and every time
 * the out-of-memory handler ends the program, or the caller is told.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/command/command.h"
#include "bot/host/outcome_json.h"
#include "bot/host/program.h"

enum { SECONDS_MAX = 60, SAID_MAX = 4096 };

static const char conversations[] =
    "{\"id\": \"1\", \"surface\": \"dm\", \"say\": [\"We are so tired.\", \"Tea or coffee?\"]}\n"
    "[]\n"
    "{\"id\": \"2\", \"surface\": \"ambient\", \"say\": [\"the pot is hot\"]}\n";

/* A team's folder: a pack, what was learned for it, and a recorded conversation. */
static char folder[] = "/tmp/whether-program-XXXXXX";
static const struct {
    const char *name, *from;
} copies[] = {
    {"pack.json", WHETHER_SOURCE "/tests/unit/packs/good/pack.json"},
    {"pack.model", WHETHER_SOURCE "/tests/fuzz/corpus/learned/model"},
    {"kinds.model", WHETHER_SOURCE "/tests/fuzz/corpus/learned/model"},
    {"words.vec", WHETHER_SOURCE "/tests/fuzz/corpus/learned/vectors"},
    {"talks.jsonl", NULL},
};

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_LEN(copies); i++) {
        struct error err = {0};
        struct buf buf;
        buf_init(&buf, 1 << 20);
        bool fine = (copies[i].from ? buf_read_file(&buf, copies[i].from, &err)
                                    : buf_puts(&buf, conversations)) &&
                    buf_write_file(&buf, copies[i].name, &err);
        buf_finish(&buf);
        if (!fine) {
            fprintf(stderr, "%s\n", err.text);
            return -1;
        }
    }
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(copies); i++) {
        unlink(copies[i].name);
    }
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void open_program(struct program *ret)
{
    static const char *const packs[] = {"pack.json"};
    const struct program_options options = {.packs = packs, .pack_count = ARRAY_LEN(packs)};
    struct fault_list faults = {0};
    if (!program_open(ret, &options, &faults)) {
        fail_msg("%s: %s", faults.items[0].file, faults.items[0].text);
    }
    fault_finish(&faults);
}

/* Ends with an outcome that has as much in it as this pack allows. */
static void talk(struct program *program, struct outcome *ret_outcome, struct reply *ret_reply)
{
    static const char *const turns[] = {"Tea or coffee? We are so tired.",
                                        "And it is late in the evening.", "No rain. Which one?"};
    struct conversation conversation;
    conversation_init(&conversation);
    for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
        program_turn(program, &conversation, SURFACE_DM, turns[i], strlen(turns[i]), LENGTH_FULL,
                     ret_outcome, ret_reply);
    }
}

static int open_and_talk(void)
{
    struct program program;
    struct outcome outcome;
    struct reply reply;
    open_program(&program);
    talk(&program, &outcome, &reply);
    program_close(&program);
    return 0;
}

static int replay(void)
{
    static char words[][16] = {"whether", "replay", "--pack", "pack.json", "talks.jsonl"};
    char *arguments[ARRAY_LEN(words) + 1] = {NULL};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        arguments[i] = words[i];
    }
    return command_main(ARRAY_LEN(words), arguments);
}

/* Valgrind checks for leaks at every exit, but not when a process is killed. */
static void leave(void)
{
    kill(getpid(), SIGKILL);
}

static _Noreturn void work_in_child(int (*work)(void), size_t n, void (*on_fail)(void),
                                    const int *ends)
{
    int nowhere = open("/dev/null", O_WRONLY);
    alarm(SECONDS_MAX);
    dup2(nowhere, STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    mem_fail_at(n, on_fail);
    _exit(work());
}

/* The exit status, or minus the signal; and what came on standard error. */
static int work_with_failure(int (*work)(void), size_t n, void (*on_fail)(void),
                             char said[SAID_MAX])
{
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        work_in_child(work, n, on_fail, ends);
    }
    close(ends[1]);
    size_t len = 0;
    for (ssize_t got = 1; got > 0; len += got > 0 ? (size_t)got : 0) {
        got = read(ends[0], said + len, SAID_MAX - 1 - len);
    }
    said[len] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Until there is no n-th allocation: then the work ends as it should. */
static void fail_each(int (*work)(void), int end_status, const char *end_said)
{
    char said[SAID_MAX];
    int status = -SIGKILL;
    size_t n = 0;
    while (status == -SIGKILL) {
        status = work_with_failure(work, ++n, leave, said);
        assert_true(status == -SIGKILL || status == end_status);
        /* Whoever is stopped may have said all of it before, but nothing else. */
        if (status != -SIGKILL || said[0] != '\0') {
            assert_string_equal(said, end_said);
        }
    }
    assert_true(n > 30);
    assert_int_equal(work_with_failure(work, 1, NULL, said), EXIT_FAILURE);
    assert_string_equal(said, "whether: out of memory\n");
}

static void test_open_and_talk(void **state)
{
    (void)state;
    fail_each(open_and_talk, 0, "");
}

static void test_replay(void **state)
{
    (void)state;
    fail_each(replay, STATUS_FAILED, "whether: talks.jsonl:2: a line must be one JSON object\n");
}

static size_t json_countdown;

static void *json_alloc(size_t size)
{
    return json_countdown > 0 && --json_countdown == 0 ? NULL : malloc(size);
}

/* jansson may run out anywhere: no line at all then, rather than one that lacks something. */
static void test_json(void **state)
{
    (void)state;
    struct program program;
    struct outcome outcome;
    struct reply reply;
    struct buf whole, line;
    open_program(&program);
    talk(&program, &outcome, &reply);
    assert_int_equal(outcome.kind, KIND_VERDICT);
    assert_true(outcome.facts.stated && outcome.facts.denied && outcome.verdict.fired_count > 1 &&
                outcome.verdict.flip_count > 0);
    buf_init(&whole, 1 << 16);
    buf_init(&line, 1 << 16);
    assert_true(outcome_json("x", &outcome, "text", &whole, NULL));
    json_set_alloc_funcs(json_alloc, free);
    bool done = false;
    size_t n = 0;
    while (!done) {
        struct error err = {0};
        buf_clear(&line);
        buf_puts(&line, "before");
        json_countdown = ++n;
        done = outcome_json("x", &outcome, "text", &line, &err);
        assert_true(done || err.code == ERROR_ENVIRONMENT);
        assert_true(done || (err.text[0] && strcmp(line.data, "before") == 0));
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(n > 50);
    assert_string_equal(line.data + strlen("before"), whole.data);
    buf_finish(&line);
    buf_finish(&whole);
    program_close(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_and_talk),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests_name("program", tests, make_folder, remove_folder);
}
