#include <stdbool.h>
#include <string.h>

#include "adapters/http_body.h"
#include "adapters/page_inside.h"
#include "bot/base/buf.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/base/utf8.h"
#include "knowledge/pack.h"

enum { WORDS_MAX = 3, WORD_LEN_MIN = 4, WORD_LEN_MAX = 18, WORDS_BYTES_MAX = 100, TEXT_MAX = 500 };

/* ---- the words that tell a question from others ---- */

struct words {
    char text[WORDS_MAX][WORD_LEN_MAX + 1];
    size_t count;
};

static bool is_common(const char *word)
{
    static const char *const common[] = {
        "about", "also",  "been",  "best",  "better", "build", "building", "could",  "does",
        "from",  "good",  "have",  "help",  "here",   "into",  "just",     "know",   "like",
        "make",  "much",  "need",  "only",  "other",  "pick",  "please",   "should", "some",
        "team",  "than",  "that",  "their", "them",   "then",  "there",    "these",  "they",
        "thing", "think", "this",  "used",  "using",  "very",  "want",     "well",   "what",
        "when",  "where", "which", "will",  "with",   "work",  "would",    "your",
    };
    for (size_t i = 0; i < ARRAY_LEN(common); i++) {
        if (strcmp(common[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* Names of options say which decision it is, not what of it was not understood. */
static bool names_option(const struct pack *pack, const char *word)
{
    for (size_t i = 0; i < pack->option_count; i++) {
        for (size_t k = 0; k < pack->options[i].aliases.count; k++) {
            if (strstr(pack->options[i].aliases.items[k].text, word) != NULL) {
                return true;
            }
        }
    }
    return false;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
    c = lower(c);
    return c >= 'a' && c <= 'z';
}

static bool is_known(const struct words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->text[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* The first few plain words that are neither common nor an option's name. */
static void find_words(const char *text, const struct pack *pack, struct words *ret)
{
    *ret = (struct words){0};
    for (const char *at = text; *at != '\0' && ret->count < WORDS_MAX;) {
        char word[WORD_LEN_MAX + 1];
        size_t len = 0;
        while (is_letter(at[len])) {
            len++;
        }
        /* A part of a word in another script, or with digits, is no word. */
        bool plain =
            (at == text || !((unsigned char)at[-1] & 0x80)) && !((unsigned char)at[len] & 0x80);
        if (plain && len >= WORD_LEN_MIN && len <= WORD_LEN_MAX) {
            for (size_t i = 0; i < len; i++) {
                word[i] = lower(at[i]);
            }
            word[len] = '\0';
            if (!is_common(word) && !names_option(pack, word) && !is_known(ret, word)) {
                memcpy(ret->text[ret->count++], word, len + 1);
            }
        }
        at += len > 0 ? len : 1;
    }
}

static void join(const struct words *words, const char *between, char ret[WORDS_BYTES_MAX])
{
    struct buf text;
    buf_init(&text, WORDS_BYTES_MAX - 1);
    buf_puts(&text, "");
    for (size_t i = 0; i < words->count; i++) {
        buf_printf(&text, "%s%s", i ? between : "", words->text[i]);
    }
    memcpy(ret, text.data, text.len + 1);
    buf_finish(&text);
}

/* ---- entries ---- */

/* What an entry is made of. */
struct entry {
    const struct pack *pack;
    const char *text;
    size_t len;
    char name[WORDS_BYTES_MAX], id[WORDS_BYTES_MAX], phrase[WORDS_BYTES_MAX];
};

static void put_string(struct buf *ret, const char *text, size_t len)
{
    buf_putc(ret, '"');
    http_json_put(ret, text, len);
    buf_putc(ret, '"');
}

static void put_situation(struct buf *ret, const struct entry *entry)
{
    buf_printf(
        ret,
        "{\n    \"id\": \"%s\",\n    \"name\": \"%s\",\n    \"question\": \"Is it about %s?\","
        "\n    \"neutral\": true,\n    \"phrases\": [\"%s\"],\n    \"examples\": [\n        ",
        entry->id, entry->name, entry->name, entry->phrase);
    put_string(ret, entry->text, entry->len);
    buf_puts(ret, "\n    ]\n}");
}

static void put_fact(struct buf *ret, const struct entry *entry)
{
    buf_printf(ret,
               "{\n    \"id\": \"%s\",\n    \"about\": [\"%s\"],\n    \"text\": \"What the source "
               "says about %s.\",\n    \"section\": \"%s\"\n}",
               entry->id, entry->phrase, entry->name, entry->pack->sections[0].id);
}

static void put_example(struct buf *ret, const struct entry *entry)
{
    buf_puts(ret, "{\n    \"say\": ");
    put_string(ret, entry->text, entry->len);
    buf_printf(ret, ",\n    \"kind\": \"verdict\",\n    \"verdict\": \"%s\"\n}",
               entry->pack->options[0].id);
}

static const struct {
    const char *kind, *list;
    void (*put)(struct buf *ret, const struct entry *entry);
} entries[] = {
    {"ask", "situations", put_situation},
    {"unknown", "facts", put_fact},
    {"wrong", "examples", put_example},
};

/* At most so many bytes, and no broken character at the end. */
static size_t whole(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        size_t step = utf8_length(text + at, len - at);
        if (at + (step ? step : 1) > TEXT_MAX) {
            break;
        }
        at += step ? step : 1;
    }
    return at;
}

const char *page_put_entry(struct buf *ret, const struct gap *gap, const struct pack *pack)
{
    struct entry entry = {.pack = pack, .text = gap->text};
    struct words words;
    size_t kind = ARRAY_LEN(entries) - 1;
    while (kind > 0 && strcmp(entries[kind].kind, gap->kind) != 0) {
        kind--;
    }
    find_words(gap->text, pack, &words);
    if (words.count == 0) {
        words = (struct words){.text = {"something"}, .count = 1};
    }
    entry.len = whole(gap->text, strlen(gap->text));
    join(&words, " ", entry.name);
    join(&words, " .. ", entry.phrase);
    join(&words, "-", entry.id);
    /* Two questions of the same words are two entries. */
    size_t used = strlen(entry.id);
    struct buf number;
    buf_init(&number, WORDS_BYTES_MAX - 1 - used);
    buf_printf(&number, "-%04x", (unsigned)(hash_bytes(gap->text, strlen(gap->text)) & 0xffff));
    memcpy(entry.id + used, number.data, number.len + 1);
    buf_finish(&number);
    entries[kind].put(ret, &entry);
    return entries[kind].list;
}
