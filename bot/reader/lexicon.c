#include "bot/reader/lexicon_inside.h"

#include <string.h>

#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/reader/english.h"
#include "bot/reader/text.h"
#include "bot/reader/token.h"
#include "knowledge/pack.h"

enum { KNOWN_MAX = 16 * 1024 };

struct builder {
    struct lexicon *lexicon;
    struct stemmer *stemmer;
    struct text *text;
    struct tokens *tokens;
    size_t pattern_cap, element_cap, alternative_cap, word_cap;
    uint64_t *spellings; /* owned: hashes of words as they are written */
    size_t spelling_count, spelling_cap;
    /* What a written word was read as the last time: phrases share most of their words. */
    struct known_word {
        uint64_t written;      /* 0 = free */
        uint32_t first, count; /* into words */
    } known[KNOWN_MAX];
};

static void *room(void *items, size_t *cap, size_t count, size_t size)
{
    if (count < *cap) {
        return items;
    }
    *cap = *cap ? *cap * 2 : 256;
    return mem_grow(items, *cap, size);
}

static void add_word(struct builder *b, struct phrase_word word)
{
    struct lexicon *lex = b->lexicon;
    lex->words = room(lex->words, &b->word_cap, lex->word_count, sizeof(*lex->words));
    lex->words[lex->word_count++] = word;
}

static struct known_word *known_word(struct builder *b, const char *letters, size_t len)
{
    return &b->known[hash_place(word_hash(letters, len), KNOWN_MAX - 1)];
}

/* Typing errors are mended to words as phrases have them, not to stems. */
static void add_spelling(struct builder *b, uint64_t word)
{
    b->spellings = room(b->spellings, &b->spelling_cap, b->spelling_count, sizeof(*b->spellings));
    b->spellings[b->spelling_count++] = word;
}

static void add_read(struct builder *b, const char *letters, size_t len, bool exact)
{
    text_read(b->text, letters, len);
    tokens_read(b->tokens, b->text, b->stemmer);
    for (uint32_t i = 0; i < b->tokens->count; i++) {
        const struct token *token = &b->tokens->items[i];
        add_word(b, (struct phrase_word){.mode = exact ? WORD_EXACT : WORD_STEM,
                                         .hash = exact ? token->word : token->stem});
        add_spelling(b, token->word);
    }
}

static void add_prefix(struct builder *b, const char *letters, size_t len)
{
    struct phrase_word word = {.mode = WORD_PREFIX, .len = (uint8_t)len};
    word.prefix = arena_strndup(b->lexicon->arena, letters, len);
    add_word(b, word);
}

static void add_new(struct builder *b, const char *letters, size_t len)
{
    bool exact = len > 1 && letters[0] == '=';
    if (len == 1 && letters[0] == '#') {
        add_word(b, (struct phrase_word){.mode = WORD_NUMBER});
    } else if (len > 2 && letters[len - 1] == '*') {
        add_prefix(b, letters + exact, len - exact - 1);
    } else {
        add_read(b, letters + exact, len - exact, exact);
    }
}

/* One written word may be several as read ("don't", "drag-and-drop"). Returns how many. */
static size_t add_written(struct builder *b, const char *letters, size_t len)
{
    struct known_word *known = known_word(b, letters, len);
    size_t first = b->lexicon->word_count;
    if (known->written == word_hash(letters, len)) {
        for (uint32_t i = 0; i < known->count; i++) {
            add_word(b, b->lexicon->words[known->first + i]);
        }
        return known->count;
    }
    add_new(b, letters, len);
    size_t count = b->lexicon->word_count - first;
    *known = (struct known_word){word_hash(letters, len), (uint32_t)first, (uint32_t)count};
    return count;
}

static const char *skip_blanks(const char *p)
{
    while (*p == ' ') {
        p++;
    }
    return p;
}

static size_t written_len(const char *p)
{
    size_t len = 0;
    while (p[len] && p[len] != ' ' && p[len] != '|' && p[len] != '(' && p[len] != ')' &&
           p[len] != '[' && p[len] != ']') {
        len++;
    }
    return len;
}

static bool begin_element(struct builder *b, struct element element)
{
    struct lexicon *lex = b->lexicon;
    lex->elements =
        room(lex->elements, &b->element_cap, lex->element_count, sizeof(*lex->elements));
    lex->elements[lex->element_count++] = element;
    return true;
}

static bool add_alternative(struct builder *b, size_t first_word)
{
    struct lexicon *lex = b->lexicon;
    size_t count = lex->word_count - first_word;
    struct element *element = &lex->elements[lex->element_count - 1];
    if (count == 0 || count > PHRASE_WORDS_MAX || element->count >= ALTERNATIVES_MAX) {
        return false;
    }
    lex->alternatives = room(lex->alternatives, &b->alternative_cap, lex->alternative_count,
                             sizeof(*lex->alternatives));
    lex->alternatives[lex->alternative_count++] =
        (struct alternative){.first = (uint32_t)first_word, .count = (uint8_t)count};
    element->count++;
    return true;
}

/*
 * Reads "a|b c|d" up to the closing sign; inner parentheses of "[(a|b)]" are passed over. Returns
 * NULL on bad notation.
 */
static const char *read_group(struct builder *b, const char *p, char close)
{
    struct lexicon *lex = b->lexicon;
    bool inner = false;
    size_t first_word = lex->word_count;
    for (p = skip_blanks(p); *p; p = skip_blanks(p)) {
        if (*p == '(' && !inner) {
            inner = true;
            p++;
        } else if (*p == ')' && inner) {
            inner = false;
            p++;
        } else if (*p == '|' || *p == close) {
            if (!add_alternative(b, first_word)) {
                return NULL;
            }
            first_word = lex->word_count;
            if (*p++ == close) {
                return p;
            }
        } else {
            size_t len = written_len(p);
            if (len == 0) {
                return NULL;
            }
            add_written(b, p, len);
            p += len;
        }
    }
    return NULL;
}

static const char *read_element(struct builder *b, const char *p)
{
    struct lexicon *lex = b->lexicon;
    struct element element = {.first = (uint32_t)lex->alternative_count};
    if (*p == '(' || *p == '[') {
        char close = *p == '(' ? ')' : ']';
        element.optional = *p == '[';
        begin_element(b, element);
        return read_group(b, p + 1, close);
    }
    size_t len = written_len(p);
    if (len == 0) {
        return NULL;
    }
    if (p[0] == '.' && p[1] == '.' && (len == 2 || (len == 3 && p[2] == '.'))) {
        element.gap = len == 2 ? GAP_SHORT : GAP_LONG;
        begin_element(b, element);
        return p + len;
    }
    size_t first_word = lex->word_count;
    begin_element(b, element);
    if (add_written(b, p, len) == 0) {
        lex->element_count--;
        return p + len;
    }
    return add_alternative(b, first_word) ? p + len : NULL;
}

static bool holds_denial(const char *phrase)
{
    static const char *const words[] = {
        "no",    "not",     "never", "none",  "nobody", "nothing", "without", "neither", "nor",
        "don't", "doesn't", "isn't", "can't", "won't",  "aren't",  "didn't",  "haven't", "hasn't"};
    for (const char *p = phrase; *p;) {
        size_t len = written_len(p);
        bool likely =
            *p == 'n' || *p == 'w' || *p == 'd' || *p == 'i' || *p == 'c' || *p == 'a' || *p == 'h';
        for (size_t i = 0; len && likely && i < ARRAY_LEN(words); i++) {
            if (words[i][0] == *p && strncmp(words[i], p, len) == 0 && words[i][len] == '\0') {
                return true;
            }
        }
        p += len ? len : 1;
    }
    return false;
}

static void add_pattern(struct builder *b, const char *phrase, struct target target)
{
    struct lexicon *lex = b->lexicon;
    size_t elements = lex->element_count, alternatives = lex->alternative_count,
           words = lex->word_count;
    bool solid = false;
    const char *p = skip_blanks(phrase);
    while (p && *p) {
        p = read_element(b, p);
        p = p ? skip_blanks(p) : NULL;
    }
    size_t count = lex->element_count - elements;
    for (size_t i = elements; i < lex->element_count; i++) {
        solid = solid || (!lex->elements[i].gap && !lex->elements[i].optional);
    }
    if (!p || !solid || count > ELEMENTS_MAX) {
        lex->element_count = elements;
        lex->alternative_count = alternatives;
        lex->word_count = words;
        memset(b->known, 0, sizeof(b->known));
        return;
    }
    lex->patterns =
        room(lex->patterns, &b->pattern_cap, lex->pattern_count, sizeof(*lex->patterns));
    lex->patterns[lex->pattern_count++] = (struct pattern){.target = target,
                                                           .first = (uint32_t)elements,
                                                           .count = (uint8_t)count,
                                                           .denies = holds_denial(phrase)};
}

static void add_list(struct builder *b, const struct text_list *list, struct target target)
{
    for (size_t i = 0; i < list->count; i++) {
        add_pattern(b, list->items[i].text, target);
    }
}

static void add_pack(struct builder *b, const struct pack *pack, int16_t number)
{
    add_list(b, &pack->false_friends,
             (struct target){.type = TARGET_ENGLISH, .pack = -1, .item = EN_FALSE_FRIEND});
    add_list(b, &pack->subject, (struct target){.type = TARGET_SUBJECT, .pack = number});
    for (size_t i = 0; i < pack->option_count; i++) {
        const struct pack_option *option = &pack->options[i];
        add_list(b, &option->aliases, (struct target){TARGET_OPTION, 0, number, (int16_t)i});
        for (size_t k = 0; k < option->tool_count; k++) {
            add_list(b, &option->tools[k].aliases,
                     (struct target){TARGET_TOOL, (uint8_t)k, number, (int16_t)i});
        }
    }
    for (size_t i = 0; i < pack->situation_count; i++) {
        const struct pack_situation *situation = &pack->situations[i];
        add_list(b, &situation->phrases, (struct target){TARGET_SITUATION, 0, number, (int16_t)i});
        add_list(b, &situation->hints, (struct target){TARGET_HINT, 0, number, (int16_t)i});
        add_list(b, &situation->denials, (struct target){TARGET_DENIAL, 0, number, (int16_t)i});
    }
    for (size_t i = 0; i < pack->fact_count; i++) {
        add_list(b, &pack->facts[i].about, (struct target){TARGET_FACT, 0, number, (int16_t)i});
    }
}

static void add_english(struct builder *b)
{
    for (size_t i = 0; english_rows[i].phrase; i++) {
        add_pattern(b, english_rows[i].phrase,
                    (struct target){TARGET_ENGLISH, 0, -1, (int16_t)english_rows[i].id});
    }
}

struct lexicon *lexicon_create(const struct knowledge *knowledge)
{
    struct lexicon *lex = mem_alloc(sizeof(*lex));
    struct builder *builder = mem_alloc(sizeof(*builder));
    builder->lexicon = lex;
    lex->arena = arena_create();
    builder->stemmer = stemmer_create();
    builder->text = mem_alloc(sizeof(*builder->text));
    builder->tokens = mem_alloc(sizeof(*builder->tokens));
    add_english(builder);
    for (size_t i = 0; i < knowledge->count; i++) {
        add_pack(builder, knowledge->packs[i], (int16_t)i);
    }
    lexicon_index(lex);
    lexicon_collect_words(lex, builder->spellings, builder->spelling_count);
    mem_free(builder->spellings);
    mem_free(builder->tokens);
    mem_free(builder->text);
    stemmer_destroy(builder->stemmer);
    mem_free(builder);
    return lex;
}

void lexicon_destroy(struct lexicon *lexicon)
{
    if (!lexicon) {
        return;
    }
    mem_free(lexicon->patterns);
    mem_free(lexicon->elements);
    mem_free(lexicon->alternatives);
    mem_free(lexicon->words);
    arena_destroy(lexicon->arena);
    mem_free(lexicon);
}

size_t lexicon_memory(const struct lexicon *lexicon)
{
    return arena_size(lexicon->arena) + lexicon->pattern_count * sizeof(struct pattern) +
           lexicon->element_count * sizeof(struct element) +
           lexicon->alternative_count * sizeof(struct alternative) +
           lexicon->word_count * sizeof(struct phrase_word);
}
