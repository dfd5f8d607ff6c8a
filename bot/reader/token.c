#include "bot/reader/token.h"

#include <libstemmer.h>
#include <string.h>

#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/reader/text.h"

/*
 * Words whose stem is remembered, a power of two: most of what people say are a few, and short.
 * They are told by their letters: a word made to have another's hash must not change what that
 * means.
 */
enum { STEMS_KEPT = 1024, STEM_LETTERS = 16 };

struct stemmer {
    struct sb_stemmer *snowball;
    struct {
        uint64_t stem;              /* its hash */
        char letters[STEM_LETTERS]; /* with zeros behind them */
    } kept[STEMS_KEPT];
};

struct stemmer *stemmer_create(void)
{
    struct stemmer *stemmer = mem_alloc(sizeof(*stemmer));
    stemmer->snowball = mem_need(sb_stemmer_new("english", "UTF_8"));
    return stemmer;
}

void stemmer_destroy(struct stemmer *stemmer)
{
    if (stemmer) {
        sb_stemmer_delete(stemmer->snowball);
        mem_free(stemmer);
    }
}

uint64_t word_hash(const char *letters, size_t len)
{
    return hash_bytes(letters, len);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || (c & 0x80) || c == '_';
}

/* Whether `known` is the word of `len` letters. */
static bool same_word(const char *known, const char *word, size_t len)
{
    return known[0] == word[0] && strncmp(known, word, len) == 0 && known[len] == '\0';
}

static bool is_number_word(const char *letters, size_t len)
{
    static const char *const words[] = {
        "two",      "three",     "four",   "five",   "six",     "seven",    "eight",
        "nine",     "ten",       "eleven", "twelve", "fifteen", "twenty",   "thirty",
        "forty",    "fifty",     "sixty",  "eighty", "ninety",  "hundred",  "hundreds",
        "thousand", "thousands", "dozen",  "dozens", "million", "millions",
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (same_word(words[i], letters, len)) {
            return true;
        }
    }
    return false;
}

static uint64_t stem_anew(struct stemmer *stemmer, const struct token *token)
{
    const char *stem = mem_need(
        (void *)sb_stemmer_stem(stemmer->snowball, (const sb_symbol *)token->letters, token->len));
    return word_hash(stem, (size_t)sb_stemmer_length(stemmer->snowball));
}

static uint64_t stem_hash(struct stemmer *stemmer, const struct token *token)
{
    size_t place = hash_place(token->word, STEMS_KEPT - 1);
    char letters[STEM_LETTERS] = {0};
    if (token->len > sizeof(letters)) {
        return stem_anew(stemmer, token);
    }
    memcpy(letters, token->letters, token->len);
    if (memcmp(stemmer->kept[place].letters, letters, sizeof(letters)) != 0) {
        stemmer->kept[place].stem = stem_anew(stemmer, token);
        memcpy(stemmer->kept[place].letters, letters, sizeof(letters));
    }
    return stemmer->kept[place].stem;
}

void token_set(struct token *token, struct stemmer *stemmer, const char *letters, size_t len)
{
    if (len >= WORD_MAX) {
        len = WORD_MAX - 1;
        while (len > 0 && (letters[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    memmove(token->letters, letters, len);
    token->letters[len] = '\0';
    token->len = (uint8_t)len;
    token->word = word_hash(token->letters, len);
    token->stem = token->word;
    bool plain = len > 2;
    for (size_t i = 0; i < len && plain; i++) {
        plain = token->letters[i] >= 'a' && token->letters[i] <= 'z';
    }
    if (plain) {
        token->stem = stem_hash(stemmer, token);
    }
    if ((len > 0 && is_digit(token->letters[0])) || is_number_word(token->letters, len)) {
        token->flags |= TOKEN_NUMBER;
    }
}

/* What goes before the next word. */
struct gap {
    uint8_t border;
    bool slash, hyphen, apostrophe;
};

struct walk {
    struct tokens *tokens;
    const struct text *text;
    struct stemmer *stemmer;
    uint32_t line;
    bool quoted;
};

static struct token *push(struct walk *walk, uint32_t start, uint32_t end, const char *letters,
                          size_t len)
{
    struct tokens *tokens = walk->tokens;
    if (tokens->count >= TOKENS_MAX) {
        tokens->truncated = 1;
        return NULL;
    }
    struct token *token = &tokens->items[tokens->count++];
    memset(token, 0, offsetof(struct token, letters));
    token->start = walk->text->source[start];
    token->end = walk->text->source[end > start ? end - 1 : start] + 1;
    token->line = walk->line;
    token->attr = walk->text->attr[start] & (uint8_t)~TEXT_UPPER;
    token->flags = (walk->text->attr[start] & TEXT_UPPER ? TOKEN_UPPER : 0) |
                   (walk->quoted ? TOKEN_QUOTED : 0);
    token_set(token, walk->stemmer, letters, len);
    return token;
}

static void push_half(struct walk *walk, uint32_t start, uint32_t end, const char *letters)
{
    struct token *token = push(walk, start, end, letters, strlen(letters));
    if (token) {
        token->flags |= TOKEN_GLUED;
    }
}

/* Contractions written without an apostrophe. */
static const struct {
    const char *whole, *first, *second;
} contractions[] = {
    {"dont", "do", "not"},         {"doesnt", "does", "not"},
    {"didnt", "did", "not"},       {"isnt", "is", "not"},
    {"arent", "are", "not"},       {"wasnt", "was", "not"},
    {"werent", "were", "not"},     {"wont", "will", "not"},
    {"cant", "can", "not"},        {"cannot", "can", "not"},
    {"couldnt", "could", "not"},   {"wouldnt", "would", "not"},
    {"shouldnt", "should", "not"}, {"havent", "have", "not"},
    {"hasnt", "has", "not"},       {"hadnt", "had", "not"},
    {"neednt", "need", "not"},     {"aint", "is", "not"},
    {"thats", "that", "is"},       {"whats", "what", "is"},
    {"theres", "there", "is"},     {"im", "i", "am"},
    {"ive", "i", "have"},          {"youre", "you", "are"},
    {"theyre", "they", "are"},     {"lets", "let", "us"},
    {"hes", "he", "is"},           {"shes", "she", "is"},
    {"weve", "we", "have"},        {"gonna", "going", "to"},
    {"wanna", "want", "to"},       {"gotta", "got", "to"},
};

static const struct {
    const char *shorter, *longer;
} respellings[] = {
    {"u", "you"},         {"ur", "your"},         {"r", "are"},           {"ppl", "people"},
    {"pls", "please"},    {"plz", "please"},      {"thx", "thanks"},      {"ty", "thanks"},
    {"bc", "because"},    {"cuz", "because"},     {"coz", "because"},     {"tho", "though"},
    {"w", "with"},        {"n", "and"},           {"smth", "something"},  {"wo", "without"},
    {"alot", "much"},     {"thru", "through"},    {"tmrw", "tomorrow"},   {"msgs", "messages"},
    {"msg", "message"},   {"devs", "developers"}, {"dev", "developer"},   {"fe", "frontend"},
    {"be", "be"},         {"db", "database"},     {"vs", "versus"},       {"v", "versus"},
    {"wk", "week"},       {"wks", "weeks"},       {"prod", "production"}, {"py", "python"},
    {"ts", "typescript"}, {"js", "javascript"},   {"pg", "postgres"},     {".net", "dotnet"},
};

static bool split_contraction(struct walk *walk, uint32_t start, uint32_t end, const char *word,
                              size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(contractions); i++) {
        if (same_word(contractions[i].whole, word, len)) {
            push(walk, start, end, contractions[i].first, strlen(contractions[i].first));
            push_half(walk, start, end, contractions[i].second);
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(respellings); i++) {
        if (same_word(respellings[i].shorter, word, len)) {
            push(walk, start, end, respellings[i].longer, strlen(respellings[i].longer));
            return true;
        }
    }
    return false;
}

static bool takes_is(const char *word, size_t len)
{
    static const char *const words[] = {"it", "that", "what",  "who", "there", "here",
                                        "he", "she",  "where", "how", "when",  "why"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (same_word(words[i], word, len)) {
            return true;
        }
    }
    return false;
}

static void split_apostrophe(struct walk *walk, uint32_t start, uint32_t end, const char *word,
                             size_t len, size_t at)
{
    static const struct {
        const char *tail, *as;
    } tails[] = {
        {"re", "are"}, {"ve", "have"}, {"m", "am"}, {"ll", "will"}, {"d", "would"},
    };
    const char *tail = word + at + 1;
    size_t tail_len = len - at - 1;
    if (tail_len == 1 && *tail == 't' && at > 1 && word[at - 1] == 'n') {
        size_t head = at - 1;
        if (head == 2 && memcmp(word, "ca", 2) == 0) {
            push(walk, start, end, "can", 3);
        } else if (head == 2 && memcmp(word, "wo", 2) == 0) {
            push(walk, start, end, "will", 4);
        } else {
            push(walk, start, end, word, head);
        }
        push_half(walk, start, end, "not");
        return;
    }
    push(walk, start, end, word, at);
    if (tail_len == 1 && *tail == 's') {
        if (takes_is(word, at)) {
            push_half(walk, start, end, "is");
        }
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        if (strlen(tails[i].tail) == tail_len && memcmp(tails[i].tail, tail, tail_len) == 0) {
            push_half(walk, start, end, tails[i].as);
            return;
        }
    }
    if (tail_len > 0) {
        push(walk, start, end, tail, tail_len);
    }
}

/* "w/o" is without; read letter by letter it would be the opposite. */
static bool is_without(const struct text *text, uint32_t at)
{
    const char *s = text->normal + at;
    return at + 3 <= text->len && memcmp(s, "w/o", 3) == 0 && !is_letter(s[3]) &&
           (at == 0 || !is_letter(s[-1]));
}

static void read_word(struct walk *walk, uint32_t start, uint32_t end)
{
    const char *word = walk->text->normal + start;
    size_t len = end - start;
    const char *apostrophe = memchr(word, '\'', len);
    if (apostrophe && apostrophe > word) {
        split_apostrophe(walk, start, end, word, len, (size_t)(apostrophe - word));
    } else if (!split_contraction(walk, start, end, word, len)) {
        push(walk, start, end, word, len);
    }
}

/*
 * "node.js", "socket.io", "asp.net": a dot inside a word is part of a name only before one of
 * these.
 */
static bool joins_name(const char *after)
{
    static const char *const tails[] = {"js", "io", "net", "py", "ts", "ai", "dev", "com", "org"};
    size_t len = 0;
    while (is_letter(after[len])) {
        len++;
    }
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        if (strlen(tails[i]) == len && memcmp(tails[i], after, len) == 0) {
            return true;
        }
    }
    return false;
}

/* ".net" is the one name that begins with a dot. */
static bool begins_word(const struct text *text, uint32_t at)
{
    const char *s = text->normal + at;
    if (s[0] != '.') {
        return is_letter(s[0]);
    }
    return (at == 0 || !is_letter(s[-1])) && at + 3 < text->len && memcmp(s, ".net", 4) == 0 &&
           !is_letter(s[4]);
}

/* The end of the word that begins at `at`: joins . + # ' where a name or a contraction does. */
static uint32_t word_end(const struct text *text, uint32_t at)
{
    const char *s = text->normal;
    uint32_t start = at;
    while (at < text->len) {
        char c = s[at];
        char next = at + 1 < text->len ? s[at + 1] : '\n';
        if (is_letter(c)) {
            at++;
        } else if (c == '\'' && is_letter(next) && at > start) {
            at++;
        } else if (c == '.' && (at == start || joins_name(s + at + 1))) {
            at++;
        } else if ((c == '+' && (next == '+' || s[at - 1] == '+') && at - start <= 2) ||
                   (c == '#' && at - start == 1)) {
            at++;
        } else if (c == ',' && is_digit(s[at - 1]) && is_digit(next)) {
            at++;
        } else {
            break;
        }
    }
    return at;
}

static void raise(struct gap *gap, enum border border)
{
    if (gap->border < border) {
        gap->border = (uint8_t)border;
    }
}

/* Notes what a character between two words means for the borders. */
static void read_punctuation(struct walk *walk, uint32_t at, struct gap *gap)
{
    const char *s = walk->text->normal;
    char c = s[at];
    char next = s[at + 1];
    struct token *last = walk->tokens->count ? &walk->tokens->items[walk->tokens->count - 1] : NULL;
    switch (c) {
    case '?':
        raise(gap, BORDER_SENTENCE);
        if (last) {
            last->flags |= TOKEN_QUESTION;
        }
        break;
    case '.':
        if (is_digit(next) && at > 0 && is_digit(s[at - 1])) {
            break;
        }
        /* A dot inside a word ("admin.site") parts no sentences. */
        if (next >= 'a' && next <= 'z' && at > 0 && is_letter(s[at - 1]) &&
            !(walk->text->attr[at + 1] & TEXT_UPPER)) {
            gap->hyphen = true;
            break;
        }
        raise(gap, BORDER_SENTENCE);
        break;
    case '!':
        raise(gap, BORDER_SENTENCE);
        break;
    case ':':
        raise(gap, BORDER_CLAUSE);
        if (last) {
            last->flags |= TOKEN_COLON;
        }
        break;
    case ';':
    case '(':
    case ')':
    case '[':
    case ']':
    case '=':
    case '>':
        raise(gap, BORDER_CLAUSE);
        break;
    case ',':
        raise(gap, BORDER_COMMA);
        break;
    case '-':
        if (next == '-' || next == ' ' || next == '\n' || (at > 0 && s[at - 1] == ' ')) {
            raise(gap, BORDER_CLAUSE);
        } else {
            gap->hyphen = true;
        }
        break;
    case '/':
        gap->slash = true;
        break;
    case '"':
        walk->quoted = !walk->quoted;
        break;
    default:
        break;
    }
}

/* The border that a new line makes, and the line number it begins. */
static void enter_line(struct walk *walk, uint32_t at, struct gap *gap)
{
    const struct text *text = walk->text;
    while (walk->line + 1 < text->line_count && text->lines[walk->line + 1].start <= at) {
        walk->line++;
        const struct text_line *line = &text->lines[walk->line];
        if (line->flags & LINE_PARAGRAPH) {
            raise(gap, BORDER_PARAGRAPH);
            walk->quoted = false;
        } else if (!(line->flags & LINE_SOFT)) {
            raise(gap, BORDER_LINE);
            walk->quoted = false;
        }
    }
}

/* Lines with a single quotation mark must not turn the rest of a text into a quotation. */
static bool quote_closes(const struct text *text, uint32_t at)
{
    uint32_t stop = at + 300 < text->len ? at + 300 : text->len;
    for (uint32_t i = at + 1; i < stop && text->normal[i] != '\n'; i++) {
        if (text->normal[i] == '"') {
            return true;
        }
    }
    return false;
}

void tokens_read(struct tokens *ret, const struct text *text, struct stemmer *stemmer)
{
    struct walk walk = {.tokens = ret, .text = text, .stemmer = stemmer};
    struct gap gap = {.border = BORDER_PARAGRAPH};
    ret->count = 0;
    ret->truncated = 0;
    for (uint32_t at = 0; at < text->len && !ret->truncated;) {
        enter_line(&walk, at, &gap);
        char c = text->normal[at];
        if (!begins_word(text, at)) {
            if (c == '"' && !walk.quoted && !quote_closes(text, at)) {
                at++;
                continue;
            }
            read_punctuation(&walk, at, &gap);
            at++;
            continue;
        }
        bool without = is_without(text, at);
        uint32_t end = without ? at + 3 : word_end(text, at);
        uint32_t first = ret->count;
        if (without) {
            push(&walk, at, end, "without", strlen("without"));
        } else {
            read_word(&walk, at, end);
        }
        if (ret->count > first) {
            struct token *token = &ret->items[first];
            token->border = gap.border;
            token->flags |= gap.slash ? TOKEN_SLASH : 0;
            token->flags |= gap.hyphen && gap.border == BORDER_NONE ? TOKEN_GLUED : 0;
            gap = (struct gap){0};
        }
        at = end;
    }
}
