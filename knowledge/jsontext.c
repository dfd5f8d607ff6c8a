#include "knowledge/jsontext.h"

#include <stdbool.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/base/utf8.h"
#include "knowledge/jsonpos.h"

static bool check_bytes(const char *file, const char *text, size_t len, struct fault_list *faults)
{
    int line = 1;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        fault_add(faults, file, 1,
                  "begins with a byte order mark; save the file as UTF-8 without it");
        return false;
    }
    for (size_t i = 0, step; i < len; i += step) {
        step = utf8_length(text + i, len - i);
        if (step == 0) {
            fault_add(faults, file, line, "byte 0x%02X is not UTF-8; save the file as UTF-8",
                      (unsigned char)text[i]);
            return false;
        }
        if (text[i] == '\0') {
            fault_add(faults, file, line, "has a NUL byte; this is not a text file");
            return false;
        }
        line += text[i] == '\n';
    }
    return true;
}

/* What usually is behind jansson's message. */
static const char *syntax_hint(const char *message)
{
    static const struct {
        const char *part, *hint;
    } hints[] = {
        {"end of file", "; a bracket, brace or quote is never closed"},
        {"string or '}' expected", "; is there a comma too much before it?"},
        {"unexpected token near ']'", "; is there a comma too much before it?"},
        {"']' expected", "; is a comma missing before it?"},
        {"'}' expected", "; is a comma missing before it?"},
        {"unexpected newline", "; close the quote, or write \\n for a line break inside a text"},
        {"control character", "; write \\n or \\t inside a text"},
    };
    for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
        if (strstr(message, hints[i].part) != NULL) {
            return hints[i].hint;
        }
    }
    return "";
}

static void fault_syntax(const char *file, const json_error_t *error, struct fault_list *faults)
{
    enum json_error_code code = json_error_code(error);
    int line = error->line > 0 ? error->line : 0;
    if (error->text[0] == '\0' || code == json_error_out_of_memory) {
        fault_add(faults, file, 0, "cannot be read: out of memory");
    } else if (code == json_error_duplicate_key) {
        fault_add(faults, file, line, "%s; keep one of the two", error->text);
    } else if (code == json_error_null_character) {
        fault_add(faults, file, line, "\\u0000 has no place in a text");
    } else {
        fault_add(faults, file, line, "not JSON: %s%s", error->text, syntax_hint(error->text));
    }
}

static json_t *load_tree(const char *file, const char *text, size_t len, struct fault_list *faults)
{
    json_error_t error = {0};
    json_t *tree = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (tree == NULL) {
        fault_syntax(file, &error, faults);
    }
    return tree;
}

static bool is_empty(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && strchr(" \t\r\n", text[i]) != NULL) {
        i++;
    }
    return i == len;
}

json_t *jsontext_load(const char *file, const char *text, size_t len, struct jsonpos *ret_pos,
                      struct fault_list *faults)
{
    int line;
    if (!check_bytes(file, text, len, faults)) {
        return NULL;
    }
    if (is_empty(text, len)) {
        fault_add(faults, file, 0, "is empty");
        return NULL;
    }
    if (!jsonpos_scan(ret_pos, text, len, &line)) {
        fault_add(faults, file, line, "is nested more than %d deep", JSONPOS_DEPTH_MAX);
        return NULL;
    }
    return load_tree(file, text, len, faults);
}
