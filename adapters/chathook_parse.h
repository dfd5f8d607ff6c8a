#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"

/*
 * What Mattermost and Rocket.Chat send (PROTOCOLS.md M1-M8, R1): forms or JSON, outgoing webhooks
 * and slash commands, as one flat set of fields. Pure; the token in it is for the caller to check
 * before anything else is done with the rest. Knows nothing of HTTP or of answers.
 */
enum { CHATHOOK_FIELD_MAX = 200, CHATHOOK_KEY_MAX = 480, CHATHOOK_TEXT_MAX = 64 * 1024 };

struct chathook_post {
    char token[CHATHOOK_FIELD_MAX];
    char channel[CHATHOOK_FIELD_MAX], user[CHATHOOK_FIELD_MAX], name[CHATHOOK_FIELD_MAX];
    char id[CHATHOOK_FIELD_MAX]; /* of the post or the command; "" none */
    bool command;                /* a slash command: for the asker's eyes */
    bool from_bot, edited;
    struct buf text; /* without the word that triggered it; "help" for nothing */
};

/*
 * form: application/x-www-form-urlencoded; else JSON. Fills ret, whatever it held;
 * chathook_finish() frees. False: the body is neither, or a field is too long.
 */
bool chathook_parse(bool form, const char *body, size_t len, struct chathook_post *ret,
                    struct error *err);
void chathook_finish(struct chathook_post *post);
