#pragma once

#include <stdbool.h>

#include <jansson.h>

/*
 * What is asked of POST /api/ask and of the tool of /mcp: the schema Question of docs/openapi.json,
 * read strictly. Pure; knows nothing of answers.
 */
struct error;
struct knowledge;

struct api_question {
    const char *text;                     /* borrowed, as the next three */
    const char *conversation, *pack, *id; /* NULL: none */
    char *facts;                          /* as facts.h has it; owned; NULL: none */
};

/*
 * object: the question, NULL where there is none. knowledge: the packs that there are. False: it is
 * no question, for the reason in err. api_question_finish() frees either way.
 */
bool api_question_read(json_t *object, const struct knowledge *knowledge, struct api_question *ret,
                       struct error *err);
void api_question_finish(struct api_question *question);
