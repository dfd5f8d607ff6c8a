#include "adapters/api_question.h"

#include <string.h>

#include "adapters/http_body.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/pack.h"

enum {
    CONVERSATION_MAX = 200, /* bytes, as the next */
    NAME_LEN_MAX = 100,
    FACTS_MAX = 16 * 1024,
};

static bool take_name(const json_t *object, const char *key, size_t max, const char **ret,
                      struct error *err)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    *ret = json_string_value(value);
    if (*ret == NULL || **ret == '\0' || strlen(*ret) > max) {
        return error_set(err, ERROR_INPUT, "%s must be a string of 1 to %zu bytes.", key, max);
    }
    return true;
}

static bool known_keys(json_t *object, struct error *err)
{
    static const char *const keys[] = {"text", "conversation", "pack", "facts", "id"};
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (i < ARRAY_LEN(keys) && strcmp(keys[i], key) != 0) {
            i++;
        }
        if (i == ARRAY_LEN(keys)) {
            return error_set(
                err, ERROR_INPUT,
                "There is no key \"%.40s\": it takes text, conversation, pack, facts and id.", key);
        }
    }
    return true;
}

/* ---- facts ---- */

static bool has_situation(const struct pack *pack, const char *id)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (strcmp(pack->situations[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* Which decision a conversation is about is known later: a fact of any will do. */
static bool is_fact(const struct knowledge *knowledge, const char *pack, const char *id)
{
    for (size_t i = 0; i < knowledge->count; i++) {
        const struct pack *one = knowledge->packs[i];
        if ((pack == NULL || strcmp(one->id, pack) == 0) && has_situation(one, id)) {
            return true;
        }
    }
    return false;
}

/* '\0': nothing that can be said of a fact. */
static char sign_of(const json_t *value)
{
    const char *word = json_string_value(value);
    return json_is_true(value)                         ? '+'
           : json_is_false(value)                      ? '-'
           : json_is_null(value)                       ? '~'
           : word != NULL && strcmp(word, "most") == 0 ? '!'
                                                       : '\0';
}

static bool put_facts(json_t *facts, const struct knowledge *knowledge, const char *pack,
                      struct buf *ret, struct error *err)
{
    const char *id;
    json_t *value;
    json_object_foreach(facts, id, value)
    {
        char sign = sign_of(value);
        if (sign == '\0') {
            return error_set(err, ERROR_INPUT,
                             "The fact \"%.60s\" must be true, false, \"most\" or null.", id);
        }
        if (!is_fact(knowledge, pack, id)) {
            return error_set(err, ERROR_INPUT, "There is no fact \"%.60s\"%s%.60s%s.", id,
                             pack ? " in the pack \"" : "", pack ? pack : "", pack ? "\"" : "");
        }
        buf_printf(ret, "%s%c%s", ret->len > 0 ? " " : "", sign, id);
    }
    return !ret->failed || error_set(err, ERROR_INPUT, "facts are too many.");
}

static bool take_facts(const json_t *object, const struct knowledge *knowledge,
                       struct api_question *ret, struct error *err)
{
    json_t *facts = json_object_get(object, "facts");
    struct buf line;
    if (facts == NULL || json_is_null(facts)) {
        return true;
    }
    if (!json_is_object(facts)) {
        return error_set(err, ERROR_INPUT, "facts must be an object of situations' ids.");
    }
    buf_init(&line, FACTS_MAX);
    bool fine = put_facts(facts, knowledge, ret->pack, &line, err);
    if (fine && line.len > 0) {
        ret->facts = buf_take(&line, NULL);
    }
    buf_finish(&line);
    return fine;
}

/* ---- the question ---- */

static bool has_pack(const struct knowledge *knowledge, const char *id, struct error *err)
{
    return id == NULL || knowledge_find(knowledge, id) >= 0 ||
           error_set(err, ERROR_INPUT, "There is no pack \"%.60s\".", id);
}

bool api_question_read(json_t *object, const struct knowledge *knowledge, struct api_question *ret,
                       struct error *err)
{
    *ret = (struct api_question){.text = http_json_text(object, "text")};
    if (object == NULL) {
        return false;
    }
    if (ret->text == NULL) {
        return error_set(err, ERROR_INPUT, "text must be a string.");
    }
    return known_keys(object, err) &&
           take_name(object, "conversation", CONVERSATION_MAX, &ret->conversation, err) &&
           take_name(object, "pack", NAME_LEN_MAX, &ret->pack, err) &&
           take_name(object, "id", NAME_LEN_MAX, &ret->id, err) &&
           has_pack(knowledge, ret->pack, err) && take_facts(object, knowledge, ret, err);
}

void api_question_finish(struct api_question *question)
{
    mem_free(question->facts);
    *question = (struct api_question){0};
}
