#include <string.h>

#include "adapters/http_body.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "tests/fuzz/fuzz.h"

/* Any bytes as a form: refused with a sentence, or fields that survive being written and read. */
static void check_again(const struct http_form *form)
{
    struct buf text;
    struct http_form again = {0};
    buf_init(&text, 1 << 22);
    for (size_t i = 0; i < form->count; i++) {
        buf_puts(&text, i ? "&" : "");
        http_form_put(&text, form->fields[i].name);
        buf_putc(&text, '=');
        http_form_put(&text, form->fields[i].value);
    }
    REQUIRE(!text.failed);
    REQUIRE(http_form_parse(text.data ? text.data : "", text.len, &again, NULL));
    REQUIRE(again.count == form->count);
    for (size_t i = 0; i < form->count; i++) {
        REQUIRE(strcmp(again.fields[i].name, form->fields[i].name) == 0);
        REQUIRE(strcmp(again.fields[i].value, form->fields[i].value) == 0);
        REQUIRE(http_form_get(form, form->fields[i].name) == form->fields[i].value);
    }
    http_form_finish(&again);
    buf_finish(&text);
}

static void check_json(const char *text, size_t size)
{
    struct error err = {0};
    json_t *object = http_json_parse(text, size, &err);
    REQUIRE((object == NULL) == (err.text[0] != '\0'));
    json_decref(object);
}

/* A text between quotes is JSON and comes back, unless it was not UTF-8. */
static void check_put(const char *text, size_t size)
{
    struct buf json;
    buf_init(&json, 1 << 22);
    buf_putc(&json, '"');
    http_json_put(&json, text, size);
    buf_putc(&json, '"');
    json_t *string = json_loadb(json.data, json.len, JSON_DECODE_ANY, NULL);
    REQUIRE(string != NULL);
    if (fuzz_utf8_valid(text, size) && !memchr(text, 0, size)) {
        REQUIRE(json_string_length(string) == size);
        REQUIRE(size == 0 || memcmp(json_string_value(string), text, size) == 0);
    }
    json_decref(string);
    buf_finish(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct http_form form = {0};
    struct error err = {0};
    if (http_form_parse(text, size, &form, &err)) {
        REQUIRE(form.count <= HTTP_FORM_FIELDS_MAX);
        check_again(&form);
        http_form_finish(&form);
    } else {
        REQUIRE(err.text[0] && form.memory == NULL);
    }
    check_json(text, size);
    check_put(text, size);
    return 0;
}
