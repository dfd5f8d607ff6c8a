#include "adapters/http_body.h"

#include <string.h>
#include <strings.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/base/utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* jansson recurses for each level, so the depth is bounded before it begins. */
static bool too_deep(const char *text, size_t len)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > HTTP_JSON_DEPTH_MAX) {
                return true;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

json_t *http_json_parse(const char *text, size_t len, struct error *err)
{
    json_error_t fault;
    if (too_deep(text, len)) {
        error_set(err, ERROR_INPUT, "The JSON is nested too deeply.");
        return NULL;
    }
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &fault);
    if (value == NULL) {
        error_set(err, ERROR_INPUT, "The body is not JSON: line %d: %.160s.", fault.line,
                  fault.text);
        return NULL;
    }
    if (!json_is_object(value)) {
        json_decref(value);
        error_set(err, ERROR_INPUT, "The body is not a JSON object.");
        return NULL;
    }
    return value;
}

const char *http_json_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

const json_t *http_json_object(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_object(value) ? value : NULL;
}

bool http_json_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

/* ---- JSON pointers ---- */

enum { POINTER_TOKEN_MAX = 200, INDEX_DIGITS_MAX = 6 };

/* One token, unescaped. Returns where the next slash or the end is; NULL: not a token. */
static const char *take_token(const char *pointer, char ret[POINTER_TOKEN_MAX])
{
    size_t len = 0;
    for (; *pointer != '\0' && *pointer != '/'; pointer++) {
        char c = *pointer;
        if (c == '~') {
            pointer++;
            if (*pointer != '0' && *pointer != '1') {
                return NULL;
            }
            c = *pointer == '0' ? '~' : '/';
        }
        if (len + 1 >= POINTER_TOKEN_MAX) {
            return NULL;
        }
        ret[len++] = c;
    }
    ret[len] = '\0';
    return pointer;
}

static const json_t *element(const json_t *array, const char *token)
{
    size_t index = 0, len = strlen(token);
    if (len == 0 || len > INDEX_DIGITS_MAX || strspn(token, "0123456789") != len ||
        (len > 1 && token[0] == '0')) {
        return NULL;
    }
    for (; *token; token++) {
        index = index * 10 + (size_t)(*token - '0');
    }
    return json_array_get(array, index);
}

const json_t *http_json_at(const json_t *value, const char *pointer)
{
    char token[POINTER_TOKEN_MAX];
    while (value != NULL && *pointer != '\0') {
        if (*pointer != '/' || (pointer = take_token(pointer + 1, token)) == NULL) {
            return NULL;
        }
        value = json_is_array(value) ? element(value, token) : json_object_get(value, token);
    }
    return value;
}

bool http_json_pointer_valid(const char *pointer)
{
    char token[POINTER_TOKEN_MAX];
    while (*pointer == '/') {
        pointer = take_token(pointer + 1, token);
        if (pointer == NULL) {
            return false;
        }
    }
    return *pointer == '\0';
}

static void put_escaped(struct buf *ret, char c)
{
    static const char from[] = "\"\\\n\r\t", to[] = "\"\\nrt";
    const char *at = strchr(from, c);
    if (at != NULL) {
        buf_putc(ret, '\\');
        buf_putc(ret, to[at - from]);
    } else {
        buf_printf(ret, "\\u%04x", (unsigned)(unsigned char)c);
    }
}

void http_json_put(struct buf *ret, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t run = buf_json_plain(text + at, len - at);
        buf_append(ret, text + at, run);
        at += run;
        if (at == len) {
            return;
        }
        size_t step = utf8_length(text + at, len - at);
        if (step == 1 && text[at] == '\0') {
            buf_puts(ret, REPLACEMENT);
        } else if (step == 1) {
            put_escaped(ret, text[at]);
        } else if (step == 0) {
            buf_puts(ret, REPLACEMENT);
        } else {
            buf_append(ret, text + at, step);
        }
        at += step ? step : 1;
    }
}

/* ---- forms ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Decodes in place, which never makes it longer. */
static bool decode(char *text, struct error *err)
{
    char *to = text + strcspn(text, "+%");
    for (const char *at = to; *at; at++) {
        int high, low;
        if (*at == '+') {
            *to++ = ' ';
        } else if (*at != '%') {
            *to++ = *at;
        } else if ((high = hex_value(at[1])) < 0 || (low = hex_value(at[2])) < 0) {
            return error_set(err, ERROR_INPUT, "The form has a broken percent sign.");
        } else if (high == 0 && low == 0) {
            return error_set(err, ERROR_INPUT, "The form has a NUL.");
        } else {
            *to++ = (char)(high << 4 | low);
            at += 2;
        }
    }
    *to = '\0';
    return true;
}

static bool add_field(struct http_form *form, char *name, struct error *err)
{
    static const char none[] = "";
    char *equals = strchr(name, '=');
    const char *value = none;
    if (equals != NULL) {
        *equals = '\0';
        value = equals + 1;
        if (!decode(equals + 1, err)) {
            return false;
        }
    }
    if (!decode(name, err)) {
        return false;
    }
    if (http_form_get(form, name) != NULL) {
        return error_set(err, ERROR_INPUT, "The form has a field twice.");
    }
    if (form->count == HTTP_FORM_FIELDS_MAX) {
        return error_set(err, ERROR_INPUT, "The form has too many fields.");
    }
    form->fields[form->count].name = name;
    form->fields[form->count++].value = value;
    return true;
}

bool http_form_parse(const char *text, size_t len, struct http_form *ret, struct error *err)
{
    if (memchr(text, '\0', len) != NULL) {
        return error_set(err, ERROR_INPUT, "The form has a NUL.");
    }
    struct http_form form = {.memory = mem_strndup(text, len)};
    for (char *at = form.memory; *at;) {
        size_t field = strcspn(at, "&");
        bool last = at[field] == '\0';
        at[field] = '\0';
        if (field > 0 && !add_field(&form, at, err)) {
            http_form_finish(&form);
            return false;
        }
        at += field + !last;
    }
    *ret = form;
    return true;
}

const char *http_form_get(const struct http_form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++) {
        if (strcmp(form->fields[i].name, name) == 0) {
            return form->fields[i].value;
        }
    }
    return NULL;
}

void http_form_finish(struct http_form *form)
{
    mem_free(form->memory);
    *form = (struct http_form){0};
}

void http_form_put(struct buf *ret, const char *value)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     strchr("-._~", c);
        if (plain) {
            buf_putc(ret, *value);
        } else {
            buf_putc(ret, '%');
            buf_putc(ret, hex[c >> 4]);
            buf_putc(ret, hex[c & 15]);
        }
    }
}

/* ---- types ---- */

bool http_type_is(const char *given, const char *type)
{
    size_t len = strlen(type);
    return given != NULL && strncasecmp(given, type, len) == 0 &&
           (given[len] == '\0' || given[len] == ';' || given[len] == ' ');
}
