#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "adapters/api_mcp.h"
#include "adapters/api_question.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "knowledge/pack.h"
#include "tests/fuzz/fuzz.h"

/*
 * Any bytes as a message of the Model Context Protocol: whatever is answered is one JSON object
 * with the id that came, and the tool is only called with an object.
 */
enum { ANSWER_MAX = 1024 * 1024 };

static void check_answer(const struct mcp_call *call, const char *answer, size_t len)
{
    json_t *object = json_loadb(answer, len, JSON_REJECT_DUPLICATES, NULL);
    json_t *id = call->id ? json_loads(call->id, JSON_DECODE_ANY, NULL) : json_null();
    REQUIRE(json_is_object(object));
    REQUIRE(answer[len - 1] == '\n' && memchr(answer, '\n', len) == answer + len - 1);
    REQUIRE(json_equal(json_object_get(object, "id"), id));
    REQUIRE(!json_object_get(object, "result") != !json_object_get(object, "error"));
    json_decref(id);
    json_decref(object);
}

static void check_formats(const struct mcp_call *call, const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 1);
    struct buf answer;
    REQUIRE(text != NULL);
    memcpy(text, data, size);
    buf_init(&answer, ANSWER_MAX);
    api_mcp_put_outcome(&answer, call->id, "{}", 2, text);
    check_answer(call, answer.data, answer.len);
    buf_clear(&answer);
    api_mcp_put_error(&answer, call->id, text);
    check_answer(call, answer.data, answer.len);
    buf_finish(&answer);
    free(text);
}

/* What the tool is asked: a question whose facts are the pack's, or a reason why it is none. */
static void check_question(const struct mcp_call *call, const struct knowledge *knowledge)
{
    struct api_question question;
    struct error err = {0};
    if (!api_question_read(call->arguments, knowledge, &question, &err)) {
        REQUIRE(err.text[0] != '\0');
    } else {
        REQUIRE(question.text != NULL);
        const char *facts = question.facts ? question.facts : "";
        REQUIRE(question.pack == NULL || strcmp(question.pack, "a-or-b") == 0);
        for (; *facts; facts += strcspn(facts, " "), facts += *facts == ' ') {
            REQUIRE(strchr("+-!~", facts[0]) && facts[1] == 's' && strchr("12", facts[2]) &&
                    (facts[3] == ' ' || facts[3] == '\0'));
        }
    }
    api_question_finish(&question);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pack_situation situations[] = {{.id = "s1"}, {.id = "s2"}};
    static const struct pack pack = {
        .id = "a-or-b", .question = "\"A\" or B?", .situations = situations, .situation_count = 2};
    static const struct knowledge knowledge = {.packs = {&pack}, .count = 1};
    struct mcp_call call;
    if (size > 64 * 1024) {
        return 0;
    }
    api_mcp_read((const char *)data, size, &knowledge, &call);
    REQUIRE((call.kind == MCP_ANSWERED || call.kind == MCP_BAD) == (call.answer != NULL));
    if (call.answer != NULL) {
        check_answer(&call, call.answer, strlen(call.answer));
    }
    if (call.kind == MCP_ASK) {
        REQUIRE(call.id != NULL && json_is_object(call.arguments));
        check_formats(&call, data, size);
        check_question(&call, &knowledge);
    }
    api_mcp_finish(&call);
    return 0;
}
