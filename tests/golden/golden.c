/*
 * Whole replies against recorded ones: golden DIR [--update].
 *
 * Every folder NAME of DIR holds request.txt and expected. request.txt is lines of `key: value`;
 * empty lines and lines with # are skipped:
 *   pack      node-or-django | rest-or-graphql | queue | hostile    (sample.c; the default is the
 *             first)
 *   kind      verdict facts neighbour unknown meta silent
 *   about     why why-not flip strengths compare rule source fact tool better neighbour hello
 *             thanks help who reset nevermind
 *   option, item   numbers           both   yes
 *   stated, denied, heavy, light     ids of situations
 *   before    ids of what was stated when the bot last told its verdict ("-" for none)
 *   wording   plain irc mrkdwn markdown blocks (several allowed; default plain)
 * What is compared are all three lengths in each of the wordings. --update writes `expected` anew.
 * Output is TAP.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/advisor/reply.h"
#include "bot/advisor/wording.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "tests/golden/sample.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { FILE_MAX = 64 * 1024, NAMES_MAX = 200 };

static const char *const wordings[] = {"plain", "irc", "mrkdwn", "markdown", "blocks"};
static const char *const lengths[] = {"line", "short", "full"};
static const struct pack *const packs[] = {&sample_backend, &sample_pointer, &sample_queue,
                                           &sample_hostile};

struct scene {
    struct request request;
    struct facts facts, facts_before;
    struct verdict verdict, before;
    bool has_before;
    unsigned wordings;
};

static void die(const char *what, const char *name)
{
    fprintf(stderr, "golden: %s: %s\n", what, name);
    exit(1);
}

static enum ask_about find_ask(const char *name)
{
    int about = ask_find(name);
    if (about < 0) {
        die("nothing is asked so", name);
    }
    return (enum ask_about)about;
}

static const struct pack *find_pack(const char *id)
{
    for (size_t i = 0; i < COUNT(packs); i++) {
        if (strcmp(packs[i]->id, id) == 0) {
            return packs[i];
        }
    }
    die("unknown pack", id);
    return NULL;
}

static unsigned wording_set(const char *value)
{
    unsigned set = 0;
    for (size_t i = 0; i < COUNT(wordings); i++) {
        set |= strstr(value, wordings[i]) ? 1u << i : 0;
    }
    return set;
}

static void take_line(struct scene *scene, const char *key, const char *value)
{
    const struct pack *pack = scene->request.pack;
    struct facts *facts = &scene->facts;
    if (strcmp(key, "pack") == 0) {
        scene->request.pack = find_pack(value);
    } else if (strcmp(key, "kind") == 0) {
        scene->request.kind = (enum kind)kind_find(value);
    } else if (strcmp(key, "about") == 0) {
        scene->request.ask.about = find_ask(value);
    } else if (strcmp(key, "option") == 0) {
        scene->request.ask.option = (int16_t)strtol(value, NULL, 10);
    } else if (strcmp(key, "item") == 0) {
        scene->request.ask.item = (int16_t)strtol(value, NULL, 10);
    } else if (strcmp(key, "both") == 0) {
        scene->request.both = strcmp(value, "yes") == 0;
    } else if (strcmp(key, "stated") == 0) {
        facts->stated |= sample_set(pack, value);
    } else if (strcmp(key, "denied") == 0) {
        facts->denied |= sample_set(pack, value);
    } else if (strcmp(key, "heavy") == 0) {
        facts->heavy |= sample_set(pack, value);
    } else if (strcmp(key, "light") == 0) {
        facts->light |= sample_set(pack, value);
    } else if (strcmp(key, "before") == 0) {
        scene->has_before = true;
        scene->facts_before.stated = strcmp(value, "-") == 0 ? 0 : sample_set(pack, value);
    } else if (strcmp(key, "wording") == 0) {
        scene->wordings = wording_set(value);
    } else {
        die("unknown key", key);
    }
}

static void parse(char *text, struct scene *ret)
{
    *ret = (struct scene){.wordings = 1};
    ret->request = (struct request){
        .knowledge = &sample_knowledge, .pack = &sample_backend, .ask = {.option = -1, .item = -1}};
    while (*text) {
        char *end = text + strcspn(text, "\n"), *next = end + (*end != '\0'),
             *colon = memchr(text, ':', (size_t)(end - text));
        *end = '\0';
        if (*text && *text != '#') {
            if (!colon) {
                die("a line without a colon", text);
            }
            *colon = '\0';
            take_line(ret, text, colon + 1 + strspn(colon + 1, " "));
        }
        text = next;
    }
}

static void decide(struct scene *scene)
{
    verdict_decide(scene->request.pack, &scene->facts, &scene->verdict);
    verdict_decide(scene->request.pack, &scene->facts_before, &scene->before);
    scene->request.facts = &scene->facts;
    scene->request.verdict = &scene->verdict;
    scene->request.before = scene->has_before ? &scene->before : NULL;
}

static void write_all(struct scene *scene, struct buf *ret)
{
    struct reply reply;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        reply_build(&scene->request, (enum reply_length)i, &reply);
        for (size_t k = 0; k < COUNT(wordings); k++) {
            if (!(scene->wordings >> k & 1)) {
                continue;
            }
            buf_printf(ret, "=== %s, %s\n", lengths[i], wordings[k]);
            if (k < COUNT(wordings) - 1) {
                wording_format(&reply, (enum wording)k, ret);
            } else {
                wording_slack_blocks(&reply, ret);
            }
            buf_putc(ret, '\n');
        }
    }
}

static void read_whole(const char *path, struct buf *ret)
{
    struct error err = {0};
    buf_init(ret, FILE_MAX);
    if (!buf_read_file(ret, path, &err)) {
        buf_finish(ret);
        buf_init(ret, FILE_MAX);
    }
    buf_puts(ret, "");
}

static void save(const char *path, const struct buf *text)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(text->data, 1, text->len, file) != text->len || fclose(file) != 0) {
        die("cannot write", path);
    }
}

/* The first line that differs; the rest is `git diff` after --update. */
static void show_difference(const char *name, const char *expected, const char *actual)
{
    size_t line = 1, start = 0;
    for (size_t i = 0; expected[i] && expected[i] == actual[i]; i++) {
        if (expected[i] == '\n') {
            start = i + 1;
            line++;
        }
    }
    fprintf(stderr, "%s/expected:%zu:\n  expected: %.*s\n  actual:   %.*s\n", name, line,
            (int)strcspn(expected + start, "\n"), expected + start,
            (int)strcspn(actual + start, "\n"), actual + start);
}

static bool run(const char *folder, const char *name, bool update)
{
    char path[1024];
    struct buf request, expected, actual;
    struct scene scene;
    snprintf(path, sizeof(path), "%s/%s/request.txt", folder, name);
    read_whole(path, &request);
    if (request.len == 0) {
        die("no request", path);
    }
    parse(request.data, &scene);
    decide(&scene);
    buf_init(&actual, FILE_MAX);
    write_all(&scene, &actual);
    snprintf(path, sizeof(path), "%s/%s/expected", folder, name);
    if (update) {
        save(path, &actual);
    }
    read_whole(path, &expected);
    bool same = expected.len == actual.len && memcmp(expected.data, actual.data, actual.len) == 0;
    if (!same) {
        show_difference(name, expected.data, actual.data);
    }
    buf_finish(&request);
    buf_finish(&expected);
    buf_finish(&actual);
    return same;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t list(const char *folder, char **ret)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        if (!strchr(entry->d_name, '.') && count < NAMES_MAX) {
            ret[count++] = strdup(entry->d_name);
        }
    }
    if (!dir || count == 0) {
        die("no folders in", folder);
    }
    closedir(dir);
    qsort(ret, count, sizeof(ret[0]), by_name);
    return count;
}

int main(int argc, char **argv)
{
    char *names[NAMES_MAX];
    if (argc < 2) {
        die("usage", "golden DIR [--update]");
    }
    bool update = argc > 2 && strcmp(argv[2], "--update") == 0, good = true;
    size_t count = list(argv[1], names);
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        bool same = run(argv[1], names[i], update);
        printf("%s %zu - %s\n", same ? "ok" : "not ok", i + 1, names[i]);
        good &= same;
        free(names[i]);
    }
    return good ? 0 : 1;
}
