#include "bot/host/outcome_json.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bot/advisor/advisor.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"

enum { FLIP_TEXT_MAX = 4096 };

static json_t *string_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

/* A list that lost a value for want of memory is no list; jansson frees what it was given. */
static json_t *extend(json_t *list, json_t *value)
{
    if (json_array_append_new(list, value) != 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *situation_ids(const struct pack *pack, uint64_t set)
{
    json_t *ids = json_array();
    for (size_t i = 0; pack != NULL && i < pack->situation_count; i++) {
        if (set >> i & 1) {
            ids = extend(ids, json_string(pack->situations[i].id));
        }
    }
    return ids;
}

static const char *option_id(const struct pack *pack, int option)
{
    bool known = option >= 0 && (size_t)option < pack->option_count;
    return known ? pack->options[option].id : NULL;
}

static const char *verdict_id(const struct pack *pack, const struct verdict *verdict)
{
    bool none = verdict->kind == VERDICT_NONE ||
                (verdict->kind == VERDICT_OPTION && option_id(pack, verdict->option) == NULL);
    return none ? NULL : verdict_word(pack, verdict->kind, verdict->option);
}

static const char *confidence_name(const struct verdict *verdict)
{
    if (verdict->kind != VERDICT_OPTION || verdict->confidence == CONFIDENCE_NONE) {
        return NULL;
    }
    return verdict->confidence == CONFIDENCE_CLEAR ? "clear" : "leaning";
}

static json_t *reason(const struct pack *pack, const struct pack_rule *rule)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "situation", pack->situations[rule->situation].id,
                     "option", pack->options[rule->option].id, "because", rule->because, "section",
                     pack->sections[rule->section].title);
}

static json_t *reasons(const struct pack *pack, const struct verdict *verdict)
{
    json_t *list = json_array();
    for (size_t i = 0; i < verdict->fired_count && i < VERDICT_RULES_MAX; i++) {
        if (verdict->fired[i] < pack->rule_count) {
            list = extend(list, reason(pack, &pack->rules[verdict->fired[i]]));
        }
    }
    return list;
}

static void name_set(const struct pack *pack, const char *lead, uint64_t set, struct buf *ret)
{
    const char *before = lead;
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (set >> i & 1) {
            buf_printf(ret, "%s%s%s", ret->len > 0 && before == lead ? ", " : "", before,
                       pack->situations[i].name);
            before = " and ";
        }
    }
}

static const char *flip_end(const struct pack *pack, const struct flip *flip)
{
    if (flip->kind == VERDICT_OPTION && option_id(pack, flip->option) != NULL) {
        return pack->options[flip->option].name;
    }
    return flip->kind == VERDICT_DEPENDS ? "it depends" : "no side is favoured";
}

static json_t *flip_text(const struct pack *pack, const struct flip *flip)
{
    struct buf text;
    buf_init(&text, FLIP_TEXT_MAX);
    name_set(pack, "without ", flip->drop, &text);
    name_set(pack, "with ", flip->add, &text);
    buf_printf(&text, ": %s", flip_end(pack, flip));
    json_t *string = text.failed ? NULL : json_string(text.data);
    buf_finish(&text);
    return string;
}

static json_t *flips(const struct pack *pack, const struct verdict *verdict)
{
    json_t *list = json_array();
    for (size_t i = 0; i < verdict->flip_count && i < VERDICT_FLIPS_MAX; i++) {
        list = extend(list, flip_text(pack, &verdict->flips[i]));
    }
    return list;
}

static json_t *asks(const struct pack *pack, const struct verdict *verdict)
{
    bool known = verdict->asks >= 0 && (size_t)verdict->asks < pack->situation_count;
    return string_or_null(known ? pack->situations[verdict->asks].question : NULL);
}

/*
 * json_object_set_new() fails on a NULL value, that is on a text that is not UTF-8 or for want of
 * memory, and frees what it was given.
 */
static bool fill(json_t *object, const char *id, const struct outcome *outcome, const char *text)
{
    const struct pack *pack = outcome->pack;
    const struct verdict *verdict =
        pack != NULL && outcome->kind == KIND_VERDICT ? &outcome->verdict : NULL;
    const struct {
        const char *key;
        json_t *value;
    } members[] = {
        {"id", string_or_null(id)},
        {"kind", string_or_null(kind_name(outcome->kind))},
        {"decision", string_or_null(outcome->decision == NULL ? NULL : outcome->decision->id)},
        {"verdict", string_or_null(verdict == NULL ? NULL : verdict_id(pack, verdict))},
        {"confidence", string_or_null(verdict == NULL ? NULL : confidence_name(verdict))},
        {"situations", situation_ids(pack, outcome->facts.stated)},
        {"denied", situation_ids(pack, outcome->facts.denied)},
        {"reasons", verdict == NULL ? json_array() : reasons(pack, verdict)},
        {"flips", verdict == NULL ? json_array() : flips(pack, verdict)},
        {"asks", verdict == NULL ? json_null() : asks(pack, verdict)},
        {"text", json_string(text)},
    };
    bool fine = true;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        fine = json_object_set_new(object, members[i].key, members[i].value) == 0 && fine;
    }
    return fine;
}

static int on_dump(const char *data, size_t len, void *user)
{
    return buf_append(user, data, len) ? 0 : -1;
}

bool outcome_json(const char *id, const struct outcome *outcome, const char *text, struct buf *ret,
                  struct error *err)
{
    size_t before = ret->len;
    json_t *object = json_object();
    bool fine = fill(object, id, outcome, text) && json_dump_callback(object, on_dump, ret, 0) == 0;
    json_decref(object);
    if (fine) {
        return true;
    }
    if (ret->data != NULL) {
        ret->len = before;
        ret->data[before] = '\0';
    }
    return error_set(err, ERROR_ENVIRONMENT,
                     "cannot write the outcome as JSON: a text is not UTF-8 or too long");
}
