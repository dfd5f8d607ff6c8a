#include "knowledge/parse.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/format.h"
#include "knowledge/jsonpos.h"
#include "knowledge/jsontext.h"
#include "knowledge/pack.h"
#include "knowledge/text.h"

struct parse {
    const char *file;
    struct arena *arena;
    struct fault_list *faults;
    struct jsonpos pos;
    struct pack *pack;
    bool whole;
};

/* Stores through memcpy: the members are pointers to structs of many types. */
static void store(void *ret, size_t offset, const void *value, size_t size)
{
    memcpy((char *)ret + offset, value, size);
}

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object {...}";
    case JSON_ARRAY:
        return "a list [...]";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static void fault_type(struct parse *parse, const char *key, const char *wanted,
                       const json_t *value, size_t at)
{
    fault_add(parse->faults, parse->file, jsonpos_line(&parse->pos, at),
              "\"%s\" must be %s, not %s", key, wanted, type_name(value));
}

static bool expect_string(struct parse *parse, const char *key, const json_t *value, size_t at)
{
    if (!json_is_string(value)) {
        fault_type(parse, key, "a text", value, at);
        return false;
    }
    return true;
}

/* A text that is neither empty nor too long nor has control characters; NULL after a fault. */
static const char *copy_text(struct parse *parse, const char *key, const json_t *value, size_t at,
                             size_t max, bool lines)
{
    if (!expect_string(parse, key, value, at)) {
        return NULL;
    }
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    int line = jsonpos_line(&parse->pos, at);
    if (text_is_blank(text)) {
        fault_add(parse->faults, parse->file, line, "\"%s\" is empty", key);
        return NULL;
    }
    if (len > max) {
        fault_add(parse->faults, parse->file, line, "\"%s\" has %zu bytes; at most %zu are allowed",
                  key, len, max);
        return NULL;
    }
    if (text_has_control(text, lines)) {
        fault_add(parse->faults, parse->file, line, "\"%s\" has %s", key,
                  lines ? "a control character; only line breaks and tabs are allowed"
                        : "a line break or another control character; write it as one plain line");
        return NULL;
    }
    return arena_strndup(parse->arena, text, len);
}

static const char *copy_id(struct parse *parse, const char *key, const json_t *value, size_t at)
{
    const char *id = copy_text(parse, key, value, at, PACK_ID_MAX, false);
    if (id != NULL && !text_is_id(id)) {
        fault_add(parse->faults, parse->file, jsonpos_line(&parse->pos, at),
                  "\"%s\" is \"%s\"; use lower case letters, digits and single hyphens, as in "
                  "\"real-time\"",
                  key, id);
        return NULL;
    }
    return id;
}

static const char *copy_date(struct parse *parse, const char *key, const json_t *value, size_t at)
{
    const char *date = copy_text(parse, key, value, at, PACK_TEXT_MAX, false);
    if (date != NULL && !text_is_date(date)) {
        fault_add(parse->faults, parse->file, jsonpos_line(&parse->pos, at),
                  "\"%s\" is \"%.40s\"; write year-month-day, as in \"2026-06-20\"", key, date);
        return NULL;
    }
    return date;
}

static const char *copy_url(struct parse *parse, const char *key, const json_t *value, size_t at)
{
    const char *url = copy_text(parse, key, value, at, PACK_TEXT_MAX, false);
    if (url != NULL && !text_is_url(url)) {
        fault_add(parse->faults, parse->file, jsonpos_line(&parse->pos, at),
                  "\"%s\" is \"%.100s\"; write a whole address, as in \"https://example.org/page\"",
                  key, url);
        return NULL;
    }
    return url;
}

static void read_flag(struct parse *parse, const struct key *key, const json_t *value, size_t at,
                      void *ret)
{
    if (!json_is_boolean(value)) {
        fault_type(parse, key->name, "true or false", value, at);
        return;
    }
    bool flag = json_is_true(value);
    store(ret, key->offset, &flag, sizeof(flag));
}

static void read_strength(struct parse *parse, const struct key *key, const json_t *value,
                          size_t at, void *ret)
{
    static const char *const names[] = {
        [STRENGTH_NUDGE] = "nudge",
        [STRENGTH_STRONG] = "strong",
        [STRENGTH_DECISIVE] = "decisive",
    };
    if (!expect_string(parse, key->name, value, at)) {
        return;
    }
    for (size_t i = STRENGTH_NUDGE; i < ARRAY_LEN(names); i++) {
        if (strcmp(json_string_value(value), names[i]) == 0) {
            enum strength strength = (enum strength)i;
            store(ret, key->offset, &strength, sizeof(strength));
            return;
        }
    }
    fault_add(parse->faults, parse->file, jsonpos_line(&parse->pos, at),
              "unknown strength \"%.40s\"; it is \"decisive\", \"strong\" or \"nudge\"",
              json_string_value(value));
}

static size_t id_count(const struct pack *pack, enum value_type type)
{
    return type == VALUE_SECTION  ? pack->section_count
           : type == VALUE_OPTION ? pack->option_count
                                  : pack->situation_count;
}

static const char *id_at(const struct pack *pack, enum value_type type, size_t i)
{
    return type == VALUE_SECTION  ? pack->sections[i].id
           : type == VALUE_OPTION ? pack->options[i].id
                                  : pack->situations[i].id;
}

/* True when something has no proper id: it may be what a reference means. */
static bool has_nameless(const struct pack *pack, enum value_type type)
{
    for (size_t i = 0; i < id_count(pack, type); i++) {
        if (id_at(pack, type, i) == NULL) {
            return true;
        }
    }
    return false;
}

static void fault_reference(struct parse *parse, enum value_type type, const char *id, size_t at)
{
    /* What was reported missing is not to be missed here once more. */
    if (!parse->whole || has_nameless(parse->pack, type)) {
        return;
    }
    const char *noun = type == VALUE_SECTION  ? "section"
                       : type == VALUE_OPTION ? "option"
                                              : "situation";
    struct nearest nearest;
    nearest_init(&nearest, id);
    for (size_t i = 0; i < id_count(parse->pack, type) && !fault_full(parse->faults); i++) {
        nearest_offer(&nearest, id_at(parse->pack, type, i));
    }
    fault_add(parse->faults, parse->file, jsonpos_line(&parse->pos, at), "unknown %s \"%.80s\"%s",
              noun, id, nearest_hint(&nearest));
}

/* The index of what value names; -1 after a fault. */
static int find_reference(struct parse *parse, const char *key, enum value_type type,
                          const json_t *value, size_t at)
{
    if (!expect_string(parse, key, value, at)) {
        return -1;
    }
    const char *wanted = json_string_value(value);
    for (size_t i = 0; i < id_count(parse->pack, type); i++) {
        const char *id = id_at(parse->pack, type, i);
        if (id != NULL && strcmp(id, wanted) == 0) {
            return (int)i;
        }
    }
    fault_reference(parse, type, wanted, at);
    return -1;
}

static void read_reference(struct parse *parse, const struct key *key, const json_t *value,
                           size_t at, void *ret)
{
    int found = find_reference(parse, key->name, key->type, value, at);
    store(ret, key->offset, &found, sizeof(found));
}

/* How many items of a list to read; a list that is too long is read up to its maximum. */
static size_t list_length(struct parse *parse, const struct key *key, const json_t *list, size_t at)
{
    size_t count = json_array_size(list);
    if (count > key->max) {
        fault_add(parse->faults, parse->file, jsonpos_key_line(&parse->pos, at),
                  "\"%s\" has %zu items; at most %zu are allowed", key->name, count, key->max);
        return key->max;
    }
    if (count == 0 && key->need == FILLED) {
        fault_add(parse->faults, parse->file, jsonpos_key_line(&parse->pos, at),
                  "\"%s\" is an empty list; it needs at least one text", key->name);
    }
    return count;
}

static void read_set(struct parse *parse, const struct key *key, const json_t *value, size_t at,
                     void *ret)
{
    if (!json_is_array(value)) {
        fault_type(parse, key->name, "a list of situations", value, at);
        return;
    }
    uint64_t set = 0;
    size_t count = list_length(parse, key, value, at), item = at + 1;
    for (size_t i = 0; i < count; i++, item = jsonpos_next(&parse->pos, item)) {
        int found =
            find_reference(parse, key->name, VALUE_SITUATION, json_array_get(value, i), item);
        set |= found < 0 ? 0 : UINT64_C(1) << found;
    }
    bool given = true;
    store(ret, key->offset, &set, sizeof(set));
    store(ret, key->beside, &given, sizeof(given));
}

static size_t item_max(enum value_type type)
{
    return type == VALUE_PHRASES ? PACK_PHRASE_MAX
           : type == VALUE_SAY   ? PACK_SAY_MAX
                                 : PACK_TEXT_MAX;
}

static const char *copy_item(struct parse *parse, const struct key *key, const json_t *value,
                             size_t at)
{
    bool lines = key->type == VALUE_SENTENCES || key->type == VALUE_SAY;
    if (!json_is_string(value)) {
        fault_add(parse->faults, parse->file, jsonpos_line(&parse->pos, at),
                  "\"%s\" must hold texts, not %s", key->name, type_name(value));
        return NULL;
    }
    return copy_text(parse, key->name, value, at, item_max(key->type), lines);
}

static void read_texts(struct parse *parse, const struct key *key, const json_t *value, size_t at,
                       void *ret)
{
    bool alone = json_is_string(value) && (key->type == VALUE_SAY || key->type == VALUE_NAMES);
    if (!alone && !json_is_array(value)) {
        fault_type(parse, key->name, "a list of texts", value, at);
        return;
    }
    size_t count = alone ? 1 : list_length(parse, key, value, at), item = alone ? at : at + 1;
    struct line_text *texts = arena_alloc(parse->arena, count * sizeof(*texts));
    struct text_list list = {.items = texts};
    for (size_t i = 0; i < count; i++, item = jsonpos_next(&parse->pos, item)) {
        const char *text = copy_item(parse, key, alone ? value : json_array_get(value, i), item);
        if (text != NULL) {
            texts[list.count++] = (struct line_text){text, jsonpos_line(&parse->pos, item)};
        }
    }
    store(ret, key->offset, &list, sizeof(list));
}

static void read_object(struct parse *parse, const struct shape *shape, json_t *object, size_t at,
                        void *ret);

static void read_items(struct parse *parse, const struct key *key, const json_t *list, size_t at,
                       size_t count, char *items)
{
    const struct shape *shape = key->shape;
    size_t item = at + 1;
    for (size_t i = 0; i < count; i++, item = jsonpos_next(&parse->pos, item)) {
        char *ret = items + i * shape->size;
        int line = jsonpos_line(&parse->pos, item);
        json_t *object = json_array_get(list, i);
        store(ret, shape->line, &line, sizeof(line));
        if (shape->preset != NULL) {
            shape->preset(ret);
        }
        if (json_is_object(object)) {
            read_object(parse, shape, object, item, ret);
        } else {
            fault_add(parse->faults, parse->file, line, "%s must be an object {...}, not %s",
                      shape->name, type_name(object));
        }
    }
}

static void read_list(struct parse *parse, const struct key *key, const json_t *value, size_t at,
                      void *ret)
{
    if (!json_is_array(value)) {
        parse->whole = false;
        fault_type(parse, key->name, "a list [...]", value, at);
        return;
    }
    size_t count = list_length(parse, key, value, at);
    parse->whole = parse->whole && count == json_array_size(value);
    void *items = arena_alloc(parse->arena, count * key->shape->size);
    read_items(parse, key, value, at, count, items);
    store(ret, key->offset, &items, sizeof(items));
    store(ret, key->beside, &count, sizeof(count));
}

static const char *copy_string(struct parse *parse, const struct key *key, const json_t *value,
                               size_t at)
{
    if (key->type == VALUE_ID) {
        return copy_id(parse, key->name, value, at);
    }
    if (key->type == VALUE_DATE) {
        return copy_date(parse, key->name, value, at);
    }
    if (key->type == VALUE_URL) {
        return copy_url(parse, key->name, value, at);
    }
    return copy_text(parse, key->name, value, at, PACK_TEXT_MAX, key->type == VALUE_CODE);
}

static void read_nested(struct parse *parse, const struct key *key, json_t *value, size_t at,
                        void *ret)
{
    if (json_is_object(value)) {
        read_object(parse, key->shape, value, at, ret);
    } else {
        fault_type(parse, key->name, "an object {...}", value, at);
    }
}

static void read_value(struct parse *parse, const struct key *key, json_t *value, size_t at,
                       void *ret)
{
    const char *text;
    switch (key->type) {
    case VALUE_IGNORED:
        break;
    case VALUE_ID:
    case VALUE_TEXT:
    case VALUE_CODE:
    case VALUE_DATE:
    case VALUE_URL:
        text = copy_string(parse, key, value, at);
        store(ret, key->offset, &text, sizeof(text));
        break;
    case VALUE_FLAG:
        read_flag(parse, key, value, at, ret);
        break;
    case VALUE_STRENGTH:
        read_strength(parse, key, value, at, ret);
        break;
    case VALUE_SECTION:
    case VALUE_SITUATION:
    case VALUE_OPTION:
        read_reference(parse, key, value, at, ret);
        break;
    case VALUE_SET:
        read_set(parse, key, value, at, ret);
        break;
    case VALUE_PHRASES:
    case VALUE_SENTENCES:
    case VALUE_SAY:
    case VALUE_NAMES:
        read_texts(parse, key, value, at, ret);
        break;
    case VALUE_OBJECT:
        read_nested(parse, key, value, at, ret);
        break;
    case VALUE_OBJECTS:
        read_list(parse, key, value, at, ret);
        break;
    }
}

static void list_keys(const struct shape *shape, char *ret, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < shape->key_count && len < size; i++) {
        len +=
            (size_t)snprintf(ret + len, size - len, "%s%s", i > 0 ? ", " : "", shape->keys[i].name);
    }
}

static size_t find_key(const struct shape *shape, const char *name)
{
    size_t i = 0;
    while (i < shape->key_count && strcmp(shape->keys[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* The key that was meant, as far as one can tell; NULL if none is near. */
static const char *fault_unknown_key(struct parse *parse, const struct shape *shape,
                                     const char *name, size_t at)
{
    char known[FORMAT_KEYS_MAX * 24] = "";
    struct nearest nearest;
    nearest_init(&nearest, name);
    for (size_t i = 0; i < shape->key_count && !fault_full(parse->faults); i++) {
        nearest_offer(&nearest, shape->keys[i].name);
    }
    int line = jsonpos_key_line(&parse->pos, at);
    if (nearest.best != NULL) {
        fault_add(parse->faults, parse->file, line, "unknown key \"%.80s\"%s", name,
                  nearest_hint(&nearest));
        return nearest.best;
    }
    list_keys(shape, known, sizeof(known));
    fault_add(parse->faults, parse->file, line, "unknown key \"%.80s\"; %s may have: %s", name,
              shape->name, known);
    return NULL;
}

/* The members of one object, in the order of its table. */
struct members {
    json_t *values[FORMAT_KEYS_MAX];
    size_t places[FORMAT_KEYS_MAX];
    bool misspelt[FORMAT_KEYS_MAX]; /* the file has an unknown key that probably means this one */
};

static void find_members(struct parse *parse, const struct shape *shape, json_t *object, size_t at,
                         struct members *ret)
{
    size_t place = at + 1;
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        size_t i = find_key(shape, name);
        if (i < shape->key_count) {
            ret->values[i] = value;
            ret->places[i] = place;
        } else {
            const char *meant = fault_unknown_key(parse, shape, name, place);
            if (meant != NULL) {
                ret->misspelt[find_key(shape, meant)] = true;
            }
        }
        place = jsonpos_next(&parse->pos, place);
    }
}

static void note_missing(struct parse *parse, const struct shape *shape, const struct key *key,
                         bool misspelt, size_t at)
{
    if (key->need == OPTIONAL && !misspelt) {
        return;
    }
    parse->whole = parse->whole && key->type != VALUE_OBJECTS;
    if (!misspelt) {
        fault_add(parse->faults, parse->file, jsonpos_line(&parse->pos, at), "%s needs \"%s\"",
                  shape->name, key->name);
    }
}

/* Recursion ends with the tables: shapes do not contain themselves. */
static void read_object(struct parse *parse, const struct shape *shape, json_t *object, size_t at,
                        void *ret)
{
    struct members members = {0};
    find_members(parse, shape, object, at, &members);
    for (size_t i = 0; i < shape->key_count; i++) {
        const struct key *key = &shape->keys[i];
        if (members.values[i] != NULL) {
            read_value(parse, key, members.values[i], members.places[i], ret);
        } else {
            note_missing(parse, shape, key, members.misspelt[i], at);
        }
    }
}

const struct pack *pack_parse(const char *file, const char *text, size_t len, struct arena *arena,
                              struct fault_list *faults, bool *ret_whole)
{
    struct parse parse = {.file = file, .arena = arena, .faults = faults, .whole = true};
    json_t *tree = jsontext_load(file, text, len, &parse.pos, faults);
    if (json_is_object(tree)) {
        parse.pack = arena_alloc(arena, sizeof(*parse.pack));
        parse.pack->file = arena_strndup(arena, file, strlen(file));
        read_object(&parse, &format_pack, tree, 0, parse.pack);
    } else if (tree != NULL) {
        fault_add(faults, file, jsonpos_line(&parse.pos, 0),
                  "a pack must be an object {...}, not %s", type_name(tree));
    }
    json_decref(tree);
    jsonpos_finish(&parse.pos);
    *ret_whole = parse.whole;
    return parse.pack;
}
