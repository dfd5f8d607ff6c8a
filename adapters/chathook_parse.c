#include "adapters/chathook_parse.h"

#include <string.h>
#include <strings.h>

#include "adapters/http_body.h"
#include "bot/base/mem.h"

/* Where a field stands: in one of both. */
struct fields {
    const struct http_form *form;
    const json_t *json;
};

static const char *get(const struct fields *fields, const char *name)
{
    return fields->form ? http_form_get(fields->form, name) : http_json_text(fields->json, name);
}

/* "" where there is none. Ids go into keys: no control characters. */
static bool copy(const struct fields *fields, const char *name, char ret[CHATHOOK_FIELD_MAX],
                 struct error *err)
{
    const char *text = get(fields, name);
    size_t len = text ? strlen(text) : 0;
    if (len >= CHATHOOK_FIELD_MAX) {
        return error_set(err, ERROR_INPUT, "%s is too long.", name);
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F) {
            return error_set(err, ERROR_INPUT, "%s holds a control character.", name);
        }
    }
    memcpy(ret, text ? text : "", len + 1);
    return true;
}

/* "whether: Node or Django?" said by a word at the beginning: what stands behind it. */
static const char *after_trigger(const char *text, const char *trigger)
{
    size_t len = trigger ? strlen(trigger) : 0;
    if (len > 0 && strncasecmp(text, trigger, len) == 0) {
        text += len;
        text += strspn(text, ":, \t");
    }
    return text;
}

static void take_text(const struct fields *fields, struct chathook_post *ret)
{
    const char *text = get(fields, "text");
    text = after_trigger(text ? text : "", get(fields, "trigger_word"));
    size_t len = strlen(text);
    if (len > CHATHOOK_TEXT_MAX) {
        len = CHATHOOK_TEXT_MAX;
    }
    if (text[strspn(text, " \t\r\n")] == '\0') {
        buf_puts(&ret->text, "help");
    } else {
        buf_append(&ret->text, text, len);
    }
}

/* R1: false, or who the bot is. */
static bool is_bot(const struct fields *fields)
{
    const json_t *bot = json_object_get(fields->json, "bot");
    const char *form = fields->form ? http_form_get(fields->form, "bot") : NULL;
    return (bot != NULL && !json_is_false(bot) && !json_is_null(bot)) ||
           (form != NULL && form[0] != '\0' && strcmp(form, "false") != 0);
}

static bool take(const struct fields *fields, struct chathook_post *ret, struct error *err)
{
    static const char *const ids[] = {"post_id", "message_id", "trigger_id"};
    if (!copy(fields, "token", ret->token, err) || !copy(fields, "channel_id", ret->channel, err) ||
        !copy(fields, "user_id", ret->user, err) || !copy(fields, "user_name", ret->name, err)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(ids) && ret->id[0] == '\0'; i++) {
        if (!copy(fields, ids[i], ret->id, err)) {
            return false;
        }
    }
    ret->command = get(fields, "command") != NULL;
    ret->from_bot = is_bot(fields);
    ret->edited = http_json_true(fields->json, "isEdited");
    take_text(fields, ret);
    return true;
}

bool chathook_parse(bool form, const char *body, size_t len, struct chathook_post *ret,
                    struct error *err)
{
    struct http_form fields = {0};
    json_t *json = NULL;
    *ret = (struct chathook_post){0};
    buf_init(&ret->text, CHATHOOK_TEXT_MAX + 1);
    bool fine = form ? http_form_parse(body, len, &fields, err)
                     : (json = http_json_parse(body, len, err)) != NULL;
    const struct fields all = {form ? &fields : NULL, json};
    fine = fine && take(&all, ret, err);
    http_form_finish(&fields);
    json_decref(json);
    return fine;
}

void chathook_finish(struct chathook_post *post)
{
    buf_finish(&post->text);
    mem_wipe(post->token, sizeof(post->token));
}
