#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/*
 * What bodies hold: JSON and forms, from anybody, so bounded and strict. Pure. Knows nothing of
 * who sent them; who calls has checked that.
 */
struct buf;
struct error;

enum { HTTP_JSON_DEPTH_MAX = 64, HTTP_FORM_FIELDS_MAX = 64 };

/*
 * A new reference to the one object that the text is; NULL with a sentence when it is none: not
 * JSON, nested deeper than HTTP_JSON_DEPTH_MAX, a key twice, a NUL in a string, not UTF-8.
 */
json_t *http_json_parse(const char *text, size_t len, struct error *err);

/* A member that is a string, borrowed; NULL where it is missing or something else. */
const char *http_json_text(const json_t *object, const char *key);

/* A member that is an object, borrowed; NULL likewise. All others take NULL for an object. */
const json_t *http_json_object(const json_t *object, const char *key);
bool http_json_true(const json_t *object, const char *key);

/*
 * What a JSON pointer (RFC 6901: "", "/a/0/b", with ~0 and ~1) names in a value, borrowed; NULL
 * where there is nothing, also for a pointer that is none.
 */
const json_t *http_json_at(const json_t *value, const char *pointer);
bool http_json_pointer_valid(const char *pointer);

/*
 * Appends a text as it stands between quotes: escaped; what is not UTF-8, and NULs, which many
 * refuse, become U+FFFD.
 */
void http_json_put(struct buf *ret, const char *text, size_t len);

/* application/x-www-form-urlencoded: fields in a block of memory of their own. */
struct http_form {
    char *memory; /* owned */
    struct {
        const char *name, *value;
    } fields[HTTP_FORM_FIELDS_MAX];
    size_t count;
};

/*
 * Refused: a percent sign without two hex digits, a NUL, a name twice, more than
 * HTTP_FORM_FIELDS_MAX fields. Values may be any other bytes. On failure *ret is untouched.
 */
bool http_form_parse(const char *text, size_t len, struct http_form *ret, struct error *err);
const char *http_form_get(const struct http_form *form, const char *name); /* NULL: not there */
void http_form_finish(struct http_form *form); /* a zeroed one is fine */

/* Whether a Content-Type (NULL: none) is that type, whatever its parameters. */
bool http_type_is(const char *given, const char *type);

/* Appends a value percent-encoded. */
void http_form_put(struct buf *ret, const char *value);
