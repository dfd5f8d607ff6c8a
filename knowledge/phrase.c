#include "knowledge/phrase.h"

#include <string.h>

#include "bot/base/error.h"
#include "bot/base/utf8.h"

struct cursor {
    const char *at;
    struct error *err;
};

enum element {
    ELEMENT_WRONG,
    ELEMENT_WORD,
    ELEMENT_NUMBER,
    ELEMENT_GAP,
    ELEMENT_GROUP,
    ELEMENT_OPTIONAL,
};

enum { EXCERPT_MAX = 24 };

static bool is_word_end(char c)
{
    return c == '\0' || strchr(" ()[]|", c) != NULL;
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static void skip_blanks(struct cursor *cursor)
{
    cursor->at += strspn(cursor->at, " ");
}

static size_t token_length(const char *at)
{
    size_t len = 0;
    while (!is_word_end(at[len])) {
        len++;
    }
    return len;
}

static int excerpt(size_t len)
{
    return len < EXCERPT_MAX ? (int)len : EXCERPT_MAX;
}

static bool wrong_character(const char *at, struct error *err)
{
    if (*at >= 'A' && *at <= 'Z') {
        return error_set(err, ERROR_INPUT, "write words in lower case: \"%c\" instead of \"%c\"",
                         *at - 'A' + 'a', *at);
    }
    if ((unsigned char)*at < 0x80) {
        return error_set(err, ERROR_INPUT,
                         "\"%c\" has no place here; words are made of a-z, 0-9, ' and . + # / -",
                         *at);
    }
    int len = (int)utf8_length(at, strlen(at));
    return error_set(err, ERROR_INPUT,
                     "\"%.*s\" is not ASCII; words are made of a-z, 0-9, ' and . + # / -",
                     len == 0 ? 1 : len, at);
}

static bool check_word_body(const char *word, size_t len, struct error *err)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_alnum(word[i]) && strchr("'.+#/-", word[i]) == NULL) {
            return wrong_character(word + i, err);
        }
    }
    if (!is_alnum(word[0])) {
        return error_set(err, ERROR_INPUT, "\"%.*s\": a word begins with a letter or a digit",
                         excerpt(len), word);
    }
    if (strchr("./-", word[len - 1]) != NULL) {
        return error_set(err, ERROR_INPUT, "\"%.*s\": a word may not end with \"%c\"", excerpt(len),
                         word, word[len - 1]);
    }
    return true;
}

enum { PREFIX_MIN = 3 };

static bool check_word(const char *word, size_t len, struct error *err)
{
    bool exact = word[0] == '=', open_end = word[len - 1] == '*';
    if (exact && open_end) {
        return error_set(err, ERROR_INPUT, "\"%.*s\": \"=\" and \"*\" exclude each other",
                         excerpt(len), word);
    }
    const char *body = exact ? word + 1 : word;
    size_t body_len = len - exact - open_end;
    if (body_len == 0) {
        return error_set(err, ERROR_INPUT, "\"%.*s\" needs a word, as in %s", excerpt(len), word,
                         exact ? "=word" : "word*");
    }
    if (body_len > PHRASE_WORD_MAX) {
        return error_set(err, ERROR_INPUT, "\"%.*s...\" is longer than %d letters", excerpt(len),
                         word, PHRASE_WORD_MAX);
    }
    if (open_end && body_len < PREFIX_MIN) {
        return error_set(err, ERROR_INPUT, "\"%.*s\" means almost any word; give it three letters",
                         excerpt(len), word);
    }
    if (open_end && (memchr(body, '-', body_len) || memchr(body, '/', body_len))) {
        return error_set(err, ERROR_INPUT,
                         "\"%.*s\": \"*\" goes with a single word; write its parts apart",
                         excerpt(len), word);
    }
    return check_word_body(body, body_len, err);
}

static enum element read_dots(const char *token, size_t len, struct error *err)
{
    if (len == 2 || len == 3) {
        return ELEMENT_GAP;
    }
    error_set(err, ERROR_INPUT,
              "\"%.*s\" is no gap; write \"..\" for up to 3 words or \"...\" for up to 7",
              excerpt(len), token);
    return ELEMENT_WRONG;
}

static enum element read_token(struct cursor *cursor)
{
    const char *token = cursor->at;
    size_t len = token_length(token);
    cursor->at += len;
    if (len == 1 && token[0] == '#') {
        return ELEMENT_NUMBER;
    }
    if (strspn(token, ".") >= len) {
        return read_dots(token, len, cursor->err);
    }
    return check_word(token, len, cursor->err) ? ELEMENT_WORD : ELEMENT_WRONG;
}

static bool read_list(struct cursor *cursor, char closer);

static bool read_nested(struct cursor *cursor, char closer)
{
    if (closer == ')' || *cursor->at == '[') {
        return error_set(cursor->err, ERROR_INPUT,
                         "\"%c\" inside of \"%c\": only (a|b) may be nested, and only in [ ]",
                         *cursor->at, closer == ')' ? '(' : '[');
    }
    bool alone = cursor->at[-1] == '[';
    if (!read_list(cursor, ')')) {
        return false;
    }
    if (!alone || *cursor->at != ']') {
        return error_set(cursor->err, ERROR_INPUT,
                         "\"( )\" fills its \"[ ]\" alone: write [(a|b)] or put the words in each "
                         "alternative");
    }
    return true;
}

static bool read_item(struct cursor *cursor, char closer)
{
    if (*cursor->at == '(' || *cursor->at == '[') {
        return read_nested(cursor, closer);
    }
    enum element element = read_token(cursor);
    if (element == ELEMENT_GAP) {
        return error_set(cursor->err, ERROR_INPUT, "a gap may not stand inside of ( ) or [ ]");
    }
    return element != ELEMENT_WRONG;
}

/* What may follow an element: a blank or the end; inside of a group also "|" or the closer. */
static bool check_border(struct cursor *cursor, char closer)
{
    char next = *cursor->at;
    if (next == '\0' || next == ' ' || (closer != '\0' && (next == '|' || next == closer))) {
        return true;
    }
    if (next == '(' || next == '[') {
        return error_set(cursor->err, ERROR_INPUT, "put a blank before \"%c\"", next);
    }
    if (is_word_end(next) && closer == '\0') {
        return error_set(cursor->err, ERROR_INPUT, "\"%c\" without an opening bracket", next);
    }
    if (is_word_end(next)) {
        return error_set(cursor->err, ERROR_INPUT, "\"%c\" where \"%c\" should close the group",
                         next, closer);
    }
    return error_set(cursor->err, ERROR_INPUT, "put a blank after \"%c\"", cursor->at[-1]);
}

/* From the opening bracket to behind the closing one. */
static bool read_list(struct cursor *cursor, char closer)
{
    char opener = *cursor->at++;
    size_t items = 0;
    for (;;) {
        skip_blanks(cursor);
        char c = *cursor->at;
        if (c == '\0') {
            return error_set(cursor->err, ERROR_INPUT, "\"%c\" is never closed", opener);
        }
        if (c != '|' && c != closer) {
            if (is_word_end(c) && c != '(' && c != '[') {
                return check_border(cursor, closer);
            }
            if (!read_item(cursor, closer) || !check_border(cursor, closer)) {
                return false;
            }
            items++;
            continue;
        }
        if (items == 0) {
            return error_set(cursor->err, ERROR_INPUT, "an alternative in %s is empty",
                             opener == '(' ? "( )" : "[ ]");
        }
        items = 0;
        cursor->at++;
        if (c == closer) {
            return true;
        }
    }
}

static enum element read_element(struct cursor *cursor)
{
    char c = *cursor->at;
    enum element element = ELEMENT_WRONG;
    if (c == '(') {
        element = read_list(cursor, ')') ? ELEMENT_GROUP : ELEMENT_WRONG;
    } else if (c == '[') {
        element = read_list(cursor, ']') ? ELEMENT_OPTIONAL : ELEMENT_WRONG;
    } else if (!is_word_end(c)) {
        element = read_token(cursor);
    }
    if (cursor->err->code != ERROR_NONE || !check_border(cursor, '\0')) {
        return ELEMENT_WRONG;
    }
    return element;
}

static bool check_gap(bool first, enum element before, struct error *err)
{
    if (first) {
        return error_set(err, ERROR_INPUT, "a gap may not come first; take it away");
    }
    if (before == ELEMENT_GAP) {
        return error_set(err, ERROR_INPUT, "two gaps in a row; one \"...\" is enough");
    }
    return true;
}

static bool check_whole(size_t count, size_t certain, enum element last, struct error *err)
{
    if (count == 0) {
        return error_set(err, ERROR_INPUT, "there is nothing in it");
    }
    if (last == ELEMENT_GAP) {
        return error_set(err, ERROR_INPUT, "a gap may not come last; take it away");
    }
    if (count > PHRASE_ELEMENTS_MAX) {
        return error_set(err, ERROR_INPUT, "it has more than %d elements; split it",
                         PHRASE_ELEMENTS_MAX);
    }
    if (certain == 0) {
        return error_set(err, ERROR_INPUT, "at least one word must stand outside of [ ]");
    }
    return true;
}

bool phrase_check(const char *text, struct error *err)
{
    struct error found = {0};
    struct cursor cursor = {.at = text, .err = &found};
    size_t count = 0, certain = 0;
    enum element last = ELEMENT_WRONG;
    for (skip_blanks(&cursor); *cursor.at != '\0'; skip_blanks(&cursor)) {
        enum element element = read_element(&cursor);
        if (element == ELEMENT_WRONG ||
            (element == ELEMENT_GAP && !check_gap(count == 0, last, &found))) {
            return error_set(err, found.code, "%s", found.text);
        }
        certain += element == ELEMENT_WORD || element == ELEMENT_GROUP;
        last = element;
        count++;
    }
    return check_whole(count, certain, last, err);
}
