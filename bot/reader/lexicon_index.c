#include "bot/reader/lexicon_inside.h"

#include "bot/base/mem.h"
#include "bot/reader/token.h"

/* ---- the index ---- */

uint64_t lexicon_prefix_key(const char *letters)
{
    return word_hash(letters, PREFIX_MIN) ^ 0x9E3779B97F4A7C15u;
}

uint64_t lexicon_word_key(const struct phrase_word *word)
{
    switch (word->mode) {
    case WORD_EXACT:
        return word->hash ^ 0x5851F42D4C957F2Du;
    case WORD_PREFIX:
        return lexicon_prefix_key(word->prefix);
    case WORD_NUMBER:
        return 0x2545F4914F6CDD1Du;
    default:
        return word->hash;
    }
}

struct bucket *lexicon_bucket(const struct lexicon *lex, uint64_t key)
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
            visit(lex, lexicon_word_key(word), (struct posting){pattern, (uint32_t)a, 0, 0});
        }
    }
    return true;
}

static void count_key(struct lexicon *lex, uint64_t key, struct posting posting)
{
    (void)posting;
    struct bucket *bucket = lexicon_bucket(lex, key);
    bucket->key = key;
    bucket->fill++;
}

static void size_key(struct lexicon *lex, uint64_t key, struct posting posting)
{
    (void)posting;
    lexicon_bucket(lex, key)->count++;
    lex->posting_count++;
}

static uint32_t word_bits(const struct phrase_word *word)
{
    bool one = word->mode == WORD_STEM || word->mode == WORD_EXACT;
    return one ? lexicon_hash_bit(word->hash) : UINT32_MAX;
}

static void note_edges(const struct lexicon *lex, struct element *element)
{
    for (size_t a = 0; a < element->count; a++) {
        const struct alternative *alternative = &lex->alternatives[element->first + a];
        const struct phrase_word *words = &lex->words[alternative->first];
        element->begins |= word_bits(&words[0]);
        element->ends |= word_bits(&words[alternative->count - 1]);
    }
}

static void note_neighbours(const struct lexicon *lex, struct posting *posting)
{
    const struct pattern *pattern = &lex->patterns[posting->pattern];
    const struct element *anchor = &lex->elements[pattern->first + pattern->anchor];
    const struct alternative *own = &lex->alternatives[anchor->first + posting->alternative];
    if (own->count > 1) {
        posting->after = word_bits(&lex->words[own->first + 1]);
    } else if (pattern->anchor + 1 < pattern->count) {
        posting->after = anchor[1].optional ? 0 : anchor[1].begins;
    }
    bool first = pattern->anchor == 0;
    posting->before = first || anchor[-1].optional ? 0 : anchor[-1].ends;
}

static void post_key(struct lexicon *lex, uint64_t key, struct posting posting)
{
    struct bucket *bucket = lexicon_bucket(lex, key);
    note_neighbours(lex, &posting);
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
                lexicon_bucket(
                    lex, lexicon_word_key(&lex->words[lex->alternatives[element->first + a].first]))
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
            *lexicon_bucket(lex, all[i].key) = all[i];
        }
    }
    mem_free(all);
}

void lexicon_index(struct lexicon *lex)
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
    for (size_t i = 0; i < lex->element_count; i++) {
        note_edges(lex, &lex->elements[i]);
    }
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

/* ---- the vocabulary ---- */

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

void lexicon_collect_words(struct lexicon *lex, const uint64_t *spellings, size_t count)
{
    size_t size = power_of_two(count * 4 + 64);
    lex->vocabulary_mask = size - 1;
    lex->vocabulary = arena_alloc(lex->arena, size * sizeof(*lex->vocabulary));
    for (size_t i = 0; i < count; i++) {
        vocabulary_add(lex, spellings[i]);
    }
    for (size_t i = 0; i < lex->word_count; i++) {
        if (lex->words[i].hash) {
            vocabulary_add(lex, lex->words[i].hash);
        }
    }
}
