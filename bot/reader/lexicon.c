#include "bot/reader/lexicon.h"

#include <string.h>

#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/reader/english.h"
#include "bot/reader/text.h"
#include "bot/reader/token.h"
#include "knowledge/pack.h"

enum word_mode { WORD_STEM, WORD_EXACT, WORD_PREFIX, WORD_NUMBER };
enum {
    ELEMENTS_MAX = 24,
    ALTERNATIVES_MAX = 96,
    PHRASE_WORDS_MAX = 8,
    GAP_SHORT = 3,
    GAP_LONG = 7,
    PREFIX_MIN = 3
};

struct phrase_word {
    uint64_t hash;
    const char *prefix; /* for WORD_PREFIX, in the arena */
    uint8_t mode, len;
};

struct alternative {
    uint32_t first; /* index into words */
    uint8_t count;
};

struct element {
    uint32_t first; /* index into alternatives */
    uint8_t count;
    uint8_t gap; /* > 0: a gap of up to so many words; then there are no alternatives */
    bool optional;
};

struct pattern {
    struct target target;
    uint32_t first; /* index into elements */
    uint8_t count, anchor;
    bool denies;
};

/* An open-addressing table from a word's key to the patterns that are anchored at it. */
struct bucket {
    uint64_t key; /* 0 = free */
    uint32_t first, count, fill;
};

/* A phrase, and which alternative of its anchor begins with the key. */
struct posting {
    uint32_t pattern;
    uint32_t alternative;
};

struct lexicon {
    struct arena *arena;
    struct pattern *patterns;
    struct element *elements;
    struct alternative *alternatives;
    struct phrase_word *words;
    size_t pattern_count, element_count, alternative_count, word_count;
    struct bucket *buckets;
    size_t bucket_mask;
    struct posting *postings;
    size_t posting_count;
    uint64_t *vocabulary; /* open-addressing set of word and stem hashes that packs use */
    size_t vocabulary_mask, vocabulary_count;
};

/* ---- compiling ---- */

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

static uint64_t prefix_key(const char *letters)
{
    return word_hash(letters, PREFIX_MIN) ^ 0x9E3779B97F4A7C15u;
}

static uint64_t word_key(const struct phrase_word *word)
{
    switch (word->mode) {
    case WORD_EXACT:
        return word->hash ^ 0x5851F42D4C957F2Du;
    case WORD_PREFIX:
        return prefix_key(word->prefix);
    case WORD_NUMBER:
        return 0x2545F4914F6CDD1Du;
    default:
        return word->hash;
    }
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

/* ---- the index ---- */

static struct bucket *bucket_at(const struct lexicon *lex, uint64_t key)
{
    size_t i = hash_place(key, lex->bucket_mask);
    while (lex->buckets[i].key && lex->buckets[i].key != key) {
        i = (i + 1) & lex->bucket_mask;
    }
    return &lex->buckets[i];
}

static size_t power_of_two(size_t at_least)
{
    size_t size = 64;
    while (size < at_least) {
        size *= 2;
    }
    return size;
}

typedef void visit_key(struct lexicon *lex, uint64_t key, struct posting posting);

/* Calls visit for the key of the first word of each alternative. False if one cannot be a key. */
static bool each_key(struct lexicon *lex, const struct element *element, uint32_t pattern,
                     visit_key *visit)
{
    for (size_t a = 0; a < element->count; a++) {
        const struct phrase_word *word = &lex->words[lex->alternatives[element->first + a].first];
        if (word->mode == WORD_PREFIX && word->len < PREFIX_MIN) {
            return false;
        }
        if (visit) {
            visit(lex, word_key(word), (struct posting){pattern, (uint32_t)a});
        }
    }
    return true;
}

static void count_key(struct lexicon *lex, uint64_t key, struct posting posting)
{
    (void)posting;
    struct bucket *bucket = bucket_at(lex, key);
    bucket->key = key;
    bucket->fill++;
}

static void size_key(struct lexicon *lex, uint64_t key, struct posting posting)
{
    (void)posting;
    bucket_at(lex, key)->count++;
    lex->posting_count++;
}

static void post_key(struct lexicon *lex, uint64_t key, struct posting posting)
{
    struct bucket *bucket = bucket_at(lex, key);
    lex->postings[bucket->first + bucket->fill++] = posting;
}

/* The element whose words are rarest among all phrases. */
static uint8_t rarest(struct lexicon *lex, const struct pattern *pattern)
{
    uint8_t best = 0;
    uint64_t least = UINT64_MAX;
    for (uint8_t i = 0; i < pattern->count; i++) {
        const struct element *element = &lex->elements[pattern->first + i];
        if (element->gap || element->optional || !each_key(lex, element, 0, NULL)) {
            continue;
        }
        uint64_t sum = 0;
        for (size_t a = 0; a < element->count; a++) {
            sum +=
                bucket_at(lex, word_key(&lex->words[lex->alternatives[element->first + a].first]))
                    ->fill;
        }
        if (sum < least) {
            least = sum;
            best = i;
        }
    }
    return best;
}

/*
 * Most words are no phrase's rarest: only the keys that lead to a phrase are kept, in a table of
 * their size.
 */
static void keep_buckets(struct lexicon *lex)
{
    struct bucket *all = lex->buckets;
    size_t size = lex->bucket_mask + 1, used = 0;
    for (size_t i = 0; i < size; i++) {
        used += all[i].count > 0;
    }
    lex->bucket_mask = power_of_two(used * 2) - 1;
    lex->buckets = arena_alloc(lex->arena, (lex->bucket_mask + 1) * sizeof(*lex->buckets));
    for (size_t i = 0; i < size; i++) {
        if (all[i].count > 0) {
            *bucket_at(lex, all[i].key) = all[i];
        }
    }
    mem_free(all);
}

static void build_index(struct lexicon *lex)
{
    size_t size = power_of_two(lex->alternative_count * 2 + 64);
    lex->bucket_mask = size - 1;
    lex->buckets = mem_alloc(size * sizeof(*lex->buckets));
    for (size_t p = 0; p < lex->pattern_count; p++) {
        for (size_t i = 0; i < lex->patterns[p].count; i++) {
            each_key(lex, &lex->elements[lex->patterns[p].first + i], (uint32_t)p, count_key);
        }
    }
    for (size_t p = 0; p < lex->pattern_count; p++) {
        lex->patterns[p].anchor = rarest(lex, &lex->patterns[p]);
    }
    for (size_t p = 0; p < lex->pattern_count; p++) {
        each_key(lex, &lex->elements[lex->patterns[p].first + lex->patterns[p].anchor], (uint32_t)p,
                 size_key);
    }
    keep_buckets(lex);
    uint32_t first = 0;
    for (size_t i = 0; i <= lex->bucket_mask; i++) {
        lex->buckets[i].first = first;
        lex->buckets[i].fill = 0;
        first += lex->buckets[i].count;
    }
    lex->postings = arena_alloc(lex->arena, (lex->posting_count + 1) * sizeof(*lex->postings));
    for (size_t p = 0; p < lex->pattern_count; p++) {
        each_key(lex, &lex->elements[lex->patterns[p].first + lex->patterns[p].anchor], (uint32_t)p,
                 post_key);
    }
}

static void vocabulary_add(struct lexicon *lex, uint64_t hash)
{
    size_t i = hash_place(hash, lex->vocabulary_mask);
    while (lex->vocabulary[i] && lex->vocabulary[i] != hash) {
        i = (i + 1) & lex->vocabulary_mask;
    }
    lex->vocabulary[i] = hash;
}

bool lexicon_has_word(const struct lexicon *lex, uint64_t word)
{
    size_t i = hash_place(word, lex->vocabulary_mask);
    while (lex->vocabulary[i]) {
        if (lex->vocabulary[i] == word) {
            return true;
        }
        i = (i + 1) & lex->vocabulary_mask;
    }
    return false;
}

bool lexicon_has(const struct lexicon *lex, uint64_t word, uint64_t stem)
{
    return lexicon_has_word(lex, word) || lexicon_has_word(lex, stem);
}

static void build_vocabulary(struct builder *b)
{
    struct lexicon *lex = b->lexicon;
    size_t distinct = b->spelling_count; /* each written word is read once: known_word() */
    size_t size = power_of_two(distinct * 4 + 64);
    lex->vocabulary_mask = size - 1;
    lex->vocabulary = arena_alloc(lex->arena, size * sizeof(*lex->vocabulary));
    for (size_t i = 0; i < b->spelling_count; i++) {
        vocabulary_add(lex, b->spellings[i]);
    }
    for (size_t i = 0; i < lex->word_count; i++) {
        if (lex->words[i].hash) {
            vocabulary_add(lex, lex->words[i].hash);
        }
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
    build_index(lex);
    build_vocabulary(builder);
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

/* ---- searching ---- */

struct search {
    const struct lexicon *lexicon;
    const struct tokens *tokens;
    struct matches *matches;
};

static bool word_fits(const struct phrase_word *word, const struct token *token)
{
    switch (word->mode) {
    case WORD_EXACT:
        return word->hash == token->word;
    case WORD_PREFIX:
        return token->len >= word->len && memcmp(word->prefix, token->letters, word->len) == 0;
    case WORD_NUMBER:
        return token->flags & TOKEN_NUMBER;
    default:
        return word->hash == token->stem;
    }
}

/* Whether words may follow each other in a phrase across the border before token i. */
static bool joined(const struct search *s, int64_t i, bool in_gap)
{
    if (i <= 0 || i >= (int64_t)s->tokens->count) {
        return i > 0;
    }
    return s->tokens->items[i].border <= (in_gap ? BORDER_COMMA : BORDER_NONE);
}

/* The words of an alternative from position i on; returns the position after, or -1. */
static int64_t alternative_forward(const struct search *s, const struct alternative *alt, int64_t i)
{
    for (size_t k = 0; k < alt->count; k++, i++) {
        if (i >= (int64_t)s->tokens->count || (k > 0 && !joined(s, i, false)) ||
            !word_fits(&s->lexicon->words[alt->first + k], &s->tokens->items[i])) {
            return -1;
        }
    }
    return i;
}

static int64_t alternative_backward(const struct search *s, const struct alternative *alt,
                                    int64_t end)
{
    int64_t start = end - (int64_t)alt->count + 1;
    return start >= 0 && alternative_forward(s, alt, start) == end + 1 ? start : -1;
}

/*
 * Matches elements e.. of a pattern from word i on (to the right) or up to word i (to the left);
 * returns the last (first) word of
 * the match, or -2. `from` is the edge of what is matched so far. Bounded by the gaps: at most 7
 * tries an element.
 */
static int64_t match_right(const struct search *s, const struct pattern *pattern, size_t e,
                           int64_t i, bool after_gap, int *budget)
{
    if (e == pattern->count) {
        return i - 1;
    }
    if (--*budget < 0) {
        return -2;
    }
    const struct element *element = &s->lexicon->elements[pattern->first + e];
    if (element->gap) {
        for (int64_t skip = 0; skip <= element->gap; skip++) {
            if (skip > 0 &&
                (i + skip - 1 >= (int64_t)s->tokens->count || !joined(s, i + skip - 1, true))) {
                break;
            }
            int64_t hit = match_right(s, pattern, e + 1, i + skip, true, budget);
            if (hit != -2) {
                return hit;
            }
        }
        return -2;
    }
    if (i < (int64_t)s->tokens->count && joined(s, i, after_gap)) {
        for (size_t a = 0; a < element->count; a++) {
            int64_t next = alternative_forward(s, &s->lexicon->alternatives[element->first + a], i);
            int64_t hit = next < 0 ? -2 : match_right(s, pattern, e + 1, next, false, budget);
            if (hit != -2) {
                return hit;
            }
        }
    }
    return element->optional ? match_right(s, pattern, e + 1, i, after_gap, budget) : -2;
}

static int64_t match_left(const struct search *s, const struct pattern *pattern, size_t e,
                          int64_t i, bool before_gap, int *budget)
{
    if (e == 0) {
        return i + 1;
    }
    if (--*budget < 0) {
        return -2;
    }
    const struct element *element = &s->lexicon->elements[pattern->first + e - 1];
    if (element->gap) {
        for (int64_t skip = 0; skip <= element->gap; skip++) {
            if (skip > 0 && (i - skip + 1 < 0 || !joined(s, i - skip + 2, true))) {
                break;
            }
            int64_t hit = match_left(s, pattern, e - 1, i - skip, true, budget);
            if (hit != -2) {
                return hit;
            }
        }
        return -2;
    }
    if (i >= 0 && joined(s, i + 1, before_gap)) {
        for (size_t a = 0; a < element->count; a++) {
            int64_t start =
                alternative_backward(s, &s->lexicon->alternatives[element->first + a], i);
            int64_t hit = start < 0 ? -2 : match_left(s, pattern, e - 1, start - 1, false, budget);
            if (hit != -2) {
                return hit;
            }
        }
    }
    return element->optional ? match_left(s, pattern, e - 1, i, before_gap, budget) : -2;
}

static bool seen(const struct matches *matches, uint32_t pattern, uint32_t first, uint32_t last)
{
    for (uint32_t i = matches->count; i > 0 && i + 12 > matches->count; i--) {
        const struct match *match = &matches->items[i - 1];
        if (match->pattern == pattern && match->first == first && match->last == last) {
            return true;
        }
    }
    return false;
}

static void keep(struct search *s, uint32_t number, int64_t first, int64_t last)
{
    struct matches *matches = s->matches;
    if (seen(matches, number, (uint32_t)first, (uint32_t)last)) {
        return;
    }
    if (matches->count >= MATCHES_MAX) {
        matches->truncated = 1;
        return;
    }
    matches->items[matches->count++] =
        (struct match){.target = s->lexicon->patterns[number].target,
                       .first = (uint32_t)first,
                       .last = (uint32_t)last,
                       .pattern = number,
                       .denies = s->lexicon->patterns[number].denies};
}

enum { TRIES_MAX = 400 };

static void try_posting(struct search *s, struct posting posting, int64_t i)
{
    const struct pattern *pattern = &s->lexicon->patterns[posting.pattern];
    const struct element *anchor = &s->lexicon->elements[pattern->first + pattern->anchor];
    const struct alternative *alternative =
        &s->lexicon->alternatives[anchor->first + posting.alternative];
    int64_t next = alternative_forward(s, alternative, i);
    if (next < 0) {
        return;
    }
    int budget = TRIES_MAX;
    int64_t last = match_right(s, pattern, pattern->anchor + 1u, next, false, &budget);
    int64_t first =
        last == -2 ? -2 : match_left(s, pattern, pattern->anchor, i - 1, false, &budget);
    if (first != -2) {
        keep(s, posting.pattern, first, last);
    }
}

static void probe(struct search *s, uint64_t key, int64_t i)
{
    const struct bucket *bucket = bucket_at(s->lexicon, key);
    for (uint32_t k = 0; k < bucket->count; k++) {
        try_posting(s, s->lexicon->postings[bucket->first + k], i);
    }
}

/* Insertion by first word, longer before shorter: the list is nearly in order already. */
static void sort_matches(struct matches *matches)
{
    for (uint32_t i = 1; i < matches->count; i++) {
        struct match match = matches->items[i];
        uint32_t k = i;
        while (k > 0 && (matches->items[k - 1].first > match.first ||
                         (matches->items[k - 1].first == match.first &&
                          matches->items[k - 1].last < match.last))) {
            matches->items[k] = matches->items[k - 1];
            k--;
        }
        matches->items[k] = match;
    }
}

void lexicon_search(const struct lexicon *lexicon, const struct tokens *tokens, struct matches *ret)
{
    struct search s = {lexicon, tokens, ret};
    ret->count = 0;
    ret->truncated = 0;
    for (uint32_t i = 0; i < tokens->count && !ret->truncated; i++) {
        const struct token *token = &tokens->items[i];
        if (token->attr & TEXT_CODE) {
            continue;
        }
        struct phrase_word exact = {.mode = WORD_EXACT, .hash = token->word};
        probe(&s, token->stem, i);
        probe(&s, word_key(&exact), i);
        if (token->len >= PREFIX_MIN) {
            probe(&s, prefix_key(token->letters), i);
        }
        if (token->flags & TOKEN_NUMBER) {
            probe(&s, word_key(&(struct phrase_word){.mode = WORD_NUMBER}), i);
        }
    }
    sort_matches(ret);
}

uint32_t matches_from(const struct matches *matches, uint32_t word)
{
    uint32_t low = 0, high = matches->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (matches->items[middle].first < word) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
