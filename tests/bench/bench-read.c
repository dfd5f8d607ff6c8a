#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/advisor/wording.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/corpus.h"
#include "knowledge/learned.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"
#include "tests/bench/repetitions.h"

/*
 * usage: bench-read [WHETHER]
 *
 * What an answer costs: processor time of a question, of questions that all differ, per byte of
 * long texts and of repetitions, with packs grown to 20,000 phrases; answers a second of two
 * threads against one; start and memory of the program WHETHER. Prints a table; asserts no time,
 * since the machine may be busy. Medians, so that a few interrupted rounds do not count.
 */
static const char question[] =
    "We are two people who know Python and need a booking site with accounts for our "
    "customers soon, so should we take Node or Django?";

enum {
    ROUNDS = 4001,
    DIFFERENT = 2000,
    LONG_ROUNDS = 41,
    REPEATED_ROUNDS = 5,
    STARTS = 21,
    GROWN_PHRASES = 20000,
    WORDED_MAX = 64 * 1024
};

struct subject {
    struct advisor *advisor;
    struct workspace *workspace;
    struct buf worded;
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* The processor's time, which other programs hardly change. */
static int64_t spent_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t median(int64_t *times, size_t count)
{
    qsort(times, count, sizeof(*times), compare_times);
    return times[count / 2];
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench-read: %s\n", what);
    exit(EXIT_FAILURE);
}

static void open_subject(struct subject *subject, const struct knowledge *knowledge)
{
    subject->advisor = advisor_create(knowledge);
    subject->workspace = workspace_create(subject->advisor);
    buf_init(&subject->worded, WORDED_MAX);
}

static void close_subject(struct subject *subject)
{
    buf_finish(&subject->worded);
    workspace_destroy(subject->workspace);
    advisor_destroy(subject->advisor);
}

/* One message from bytes to worded answer, as an adapter would have it. */
static int64_t time_answer(struct subject *subject, const char *text, size_t len)
{
    struct conversation conversation;
    struct outcome outcome;
    struct request request;
    struct reply reply;
    conversation_init(&conversation);
    int64_t start = spent_ns();
    advisor_turn(subject->advisor, subject->workspace, &conversation, SURFACE_DM, text, len,
                 &outcome);
    outcome_request(subject->advisor, &outcome, &request);
    reply_build(&request, LENGTH_SHORT, &reply);
    buf_clear(&subject->worded);
    wording_format(&reply, WORDING_MRKDWN, &subject->worded);
    return spent_ns() - start;
}

static int64_t median_answer(struct subject *subject, const char *text, size_t len, size_t rounds)
{
    static int64_t times[ROUNDS];
    for (size_t i = 0; i < rounds; i++) {
        times[i] = time_answer(subject, text, len);
    }
    return median(times, rounds);
}

static size_t word_count(const char *text)
{
    size_t count = 0;
    for (bool inside = false; *text; text++) {
        bool space = *text == ' ' || *text == '\n';
        count += !space && !inside;
        inside = !space;
    }
    return count;
}

/* --- Questions that all differ: neither words nor the model's weights are still in a cache --- */

static void load_corpus(struct corpus *ret, const struct pack *pack, struct fault_list *faults)
{
    if (!corpus_load(ret, pack, WHETHER_SOURCE "/knowledge/node-or-django.corpus", faults)) {
        die("the corpus does not load; see whether-train");
    }
}

/* Every so many of the corpus' talks, so that all its authors have their say. */
static void report_different(struct subject *subject, const struct pack *pack)
{
    static int64_t times[DIFFERENT];
    struct corpus corpus = {0};
    struct fault_list faults = {0};
    size_t count = 0, words = 0;
    int64_t sum = 0;
    load_corpus(&corpus, pack, &faults);
    size_t step = corpus.talk_count > DIFFERENT ? corpus.talk_count / DIFFERENT : 1;
    for (size_t i = 0; i < corpus.talk_count && count < DIFFERENT; i += step) {
        const char *text = corpus.talks[i].turns[0];
        times[count] = time_answer(subject, text, strlen(text));
        sum += times[count++];
        words += word_count(text);
    }
    printf("  %zu questions that differ %9.1f us   mean %.1f us of %.0f words\n", count,
           (double)median(times, count) / 1000, (double)sum / (double)count / 1000,
           (double)words / (double)count);
    corpus_finish(&corpus);
    fault_finish(&faults);
}

/* --- Several at once: the core is thread-safe; how much more do two processors answer? --- */

enum { THREADS_MAX = 2, THREAD_ANSWERS = 20000 };

struct share {
    const struct corpus *corpus;
    struct subject subject;
};

static void *answer_share(void *context)
{
    struct share *share = context;
    for (size_t i = 0; i < THREAD_ANSWERS; i++) {
        const char *text = share->corpus->talks[i % share->corpus->talk_count].turns[0];
        time_answer(&share->subject, text, strlen(text));
    }
    return NULL;
}

/* Answers a second by the clock, all threads together. */
static double answers_per_s(struct share *shares, size_t threads)
{
    pthread_t ids[THREADS_MAX];
    int64_t start = now_ns();
    for (size_t i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, answer_share, &shares[i]) != 0) {
            die("no thread");
        }
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    return (double)(threads * THREAD_ANSWERS) * 1e9 / (double)(now_ns() - start);
}

static void report_threads(const struct knowledge *knowledge)
{
    struct corpus corpus = {0};
    struct fault_list faults = {0};
    struct share shares[THREADS_MAX];
    load_corpus(&corpus, knowledge->packs[knowledge->main], &faults);
    for (size_t i = 0; i < THREADS_MAX; i++) {
        shares[i].corpus = &corpus;
        open_subject(&shares[i].subject, knowledge);
    }
    answers_per_s(shares, 1);
    double one = answers_per_s(shares, 1), two = answers_per_s(shares, THREADS_MAX);
    printf("  %d threads                  %10.0f answers a second   %.2f times those of one\n",
           THREADS_MAX, two, two / one);
    for (size_t i = 0; i < THREADS_MAX; i++) {
        close_subject(&shares[i].subject);
    }
    corpus_finish(&corpus);
    fault_finish(&faults);
}

/* --- Long texts: the cost of a byte should not depend on how many there are --- */

static char *long_text(size_t len)
{
    static const char *const sentences[] = {
        "The depot takes in parcels all day and somebody types them into a sheet. ",
        "Last year's supplier wanted React, which nobody here had asked for. ",
        "Nothing of this has to be live; reloading the page is fine. ",
        "> We will see about the map later, said the manager.\n\n",
        "Three of us write Python, the fourth one draws; we start in May. ",
        "- invoices and the people who pay them\n- a list of what is late\n",
    };
    char *text = mem_alloc(len + 1);
    for (size_t at = 0, i = 0; at < len; i++) {
        const char *sentence = sentences[i % ARRAY_LEN(sentences)];
        size_t part = strlen(sentence) < len - at ? strlen(sentence) : len - at;
        memcpy(text + at, sentence, part);
        at += part;
    }
    return text;
}

static void report_length(struct subject *subject)
{
    double first = 0;
    for (size_t len = 1024; len <= TEXT_MAX; len *= 4) {
        char *text = long_text(len);
        int64_t time = median_answer(subject, text, len, LONG_ROUNDS);
        double per_byte = (double)time / (double)len;
        first = first > 0 ? first : per_byte;
        printf("  %2zu KiB of text             %9.1f us %8.1f ns a byte   %.2f of the first\n",
               len / 1024, (double)time / 1000, per_byte, per_byte / first);
        mem_free(text);
    }
}

/* --- One thing over and over: neither may that cost more a byte, the more there is --- */

static double repeated_ns(struct subject *subject, const char *unit, size_t len)
{
    char *text = mem_alloc(len);
    for (size_t i = 0, unit_len = strlen(unit); i < len; i++) {
        text[i] = unit[i % unit_len];
    }
    int64_t time = median_answer(subject, text, len, REPEATED_ROUNDS);
    mem_free(text);
    return (double)time / (double)len;
}

static void report_repetitions(struct subject *subject)
{
    double most = 0, dearest = 0;
    size_t steepest = 0, slowest = 0;
    for (size_t i = 0; i < ARRAY_LEN(repetitions); i++) {
        double few = repeated_ns(subject, repetitions[i], TEXT_MAX / 16);
        double many = repeated_ns(subject, repetitions[i], TEXT_MAX);
        if (many / few > most) {
            most = many / few;
            steepest = i;
        }
        if (many > dearest) {
            dearest = many;
            slowest = i;
        }
    }
    printf("  %zu repetitions, 64 KiB against 4 KiB: at most %.2f times a byte (number %zu); the "
           "dearest %.1f ns a byte (number %zu)\n",
           ARRAY_LEN(repetitions), most, steepest, dearest, slowest);
}

/* --- Packs of 20,000 phrases: the cost of a question should not depend on them --- */

/*
 * Phrase number n: many share their first word, and the first words are those that questions use.
 */
static const char *grown_phrase(struct arena *arena, size_t n)
{
    static const char *const firsts[] = {"we",   "need",   "people", "a",    "site",
                                         "with", "should", "our",    "take", "know"};
    static const char *const starts[] = {"bra", "cle", "dro", "fri", "gla",
                                         "hu",  "jo",  "kno", "lu",  "mo"};
    static const char *const middles[] = {"bber", "ckle", "dding", "ffer", "ggin",
                                          "llow", "mmer", "nnet",  "pple", "ssing"};
    static const char *const ends[] = {"ware",  "stock", "yard",  "works", "field",
                                       "house", "line",  "smith", "gate",  "post"};
    char text[PACK_PHRASE_MAX];
    int len = snprintf(text, sizeof(text), "%s %s%s %s%s", firsts[n % 10], starts[n / 10 % 10],
                       middles[n / 100 % 10], starts[n / 1000 % 10], ends[n / 10000 % 10]);
    return arena_strndup(arena, text, (size_t)len);
}

static struct text_list grow_list(struct arena *arena, const struct text_list *old, size_t from,
                                  size_t to)
{
    struct line_text *items = arena_alloc(arena, (old->count + to - from) * sizeof(*items));
    if (old->count) {
        memcpy(items, old->items, old->count * sizeof(*items));
    }
    for (size_t n = from; n < to; n++) {
        items[old->count + n - from] =
            (struct line_text){.text = grown_phrase(arena, n), .line = 1};
    }
    return (struct text_list){.items = items, .count = old->count + to - from};
}

/*
 * A copy of the main pack with its situations' phrases grown; borrows the rest from the original.
 */
static const struct pack *grow_pack(struct arena *arena, const struct pack *pack)
{
    struct pack *grown = arena_alloc(arena, sizeof(*grown));
    struct pack_situation *situations =
        arena_alloc(arena, pack->situation_count * sizeof(*situations));
    size_t each = GROWN_PHRASES / pack->situation_count;
    *grown = *pack;
    grown->situations = situations;
    for (size_t i = 0; i < pack->situation_count; i++) {
        size_t to = i + 1 < pack->situation_count ? (i + 1) * each : GROWN_PHRASES;
        situations[i] = pack->situations[i];
        situations[i].phrases = grow_list(arena, &pack->situations[i].phrases, i * each, to);
    }
    return grown;
}

static void report_growth(struct subject *shipped, const struct knowledge *knowledge)
{
    struct arena *arena = arena_create();
    struct knowledge more = *knowledge;
    struct subject grown;
    static int64_t few[ROUNDS], many[ROUNDS];
    more.packs[more.main] = grow_pack(arena, knowledge->packs[knowledge->main]);
    open_subject(&grown, &more);
    /* In turns, so that whatever else the machine does hits both alike. */
    for (size_t i = 0; i < ROUNDS; i++) {
        few[i] = time_answer(shipped, question, strlen(question));
        many[i] = time_answer(&grown, question, strlen(question));
    }
    int64_t a = median(few, ROUNDS), b = median(many, ROUNDS);
    printf("  20,000 phrases more         %9.1f us   %.2f times the shipped packs   %zu KiB "
           "against %zu KiB\n",
           (double)b / 1000, (double)b / (double)a, advisor_memory(grown.advisor) / 1024,
           advisor_memory(shipped->advisor) / 1024);
    close_subject(&grown);
    arena_destroy(arena);
}

/* --- The program: from its start to the first byte of an answer --- */

static int64_t time_start(const char *whether)
{
    int ends[2];
    char byte;
    int64_t start = now_ns(), answered;
    if (pipe(ends) != 0) {
        die("no pipe");
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(whether, whether, "ask", question, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &byte, 1) != 1) {
        die("the program gave no answer");
    }
    answered = now_ns() - start;
    while (read(ends[0], &byte, 1) == 1) {
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
    return answered;
}

/* Comes first: a child's peak counts what its parent held when it forked. */
static void report_start(const char *whether)
{
    int64_t times[STARTS];
    struct rusage usage;
    for (size_t i = 0; i < STARTS; i++) {
        times[i] = time_start(whether);
    }
    getrusage(RUSAGE_CHILDREN, &usage);
    printf("  start to first answer       %9.1f ms   peak memory %.1f MiB\n",
           (double)median(times, STARTS) / 1e6, (double)usage.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
    const char *path = WHETHER_SOURCE "/knowledge";
    struct knowledge *knowledge = NULL;
    struct fault_list faults = {0};
    struct subject shipped;
    printf("whether %s, medians\n", WHETHER_VERSION);
    if (argc > 1) {
        report_start(argv[1]);
    }
    if (!knowledge_load(&path, 1, &knowledge, &faults) ||
        !learned_load(knowledge, LEARNED_ALL, NULL, &faults)) {
        die("the packs or their models do not load; see whether check");
    }
    open_subject(&shipped, knowledge);
    printf("  a question of 25 words      %9.1f us\n",
           (double)median_answer(&shipped, question, strlen(question), ROUNDS) / 1000);
    report_different(&shipped, knowledge->packs[knowledge->main]);
    report_threads(knowledge);
    report_length(&shipped);
    report_repetitions(&shipped);
    report_growth(&shipped, knowledge);
    close_subject(&shipped);
    knowledge_destroy(knowledge);
    fault_finish(&faults);
    return EXIT_SUCCESS;
}
