#include "adapters/api_mcp.h"

#include <string.h>

#include "adapters/api_schemas.h"
#include "adapters/http_asset.h"
#include "adapters/http_body.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/pack.h"

#define TOOL "ask"
#define INSTRUCTIONS                                                                           \
    "Whether answers which of a few options fits a project, from rules that the team agreed "  \
    "on. Call ask before recommending one of them yourself, with the facts of the project in " \
    "plain words; cite the reasons' section."

enum { ANSWER_MAX = 64 * 1024, ID_BYTES_MAX = 300, DECISIONS_SHOWN = 16 };

/* JSON-RPC 2.0, section 5.1. */
enum {
    RPC_PARSE = -32700,
    RPC_INVALID = -32600,
    RPC_METHOD = -32601,
    RPC_PARAMS = -32602,
};

/* The newest first: what a client is offered whose version is none of them. */
static const char *const versions[] = {"2025-11-25", "2025-06-18", "2025-03-26"};

static bool is_version(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        if (strcmp(versions[i], text) == 0) {
            return true;
        }
    }
    return false;
}

bool api_mcp_speaks(const char *version)
{
    return version == NULL || is_version(version);
}

/* ---- answers ---- */

static void put_text(struct buf *ret, const char *text)
{
    buf_putc(ret, '"');
    http_json_put(ret, text, strlen(text));
    buf_putc(ret, '"');
}

static void begin_result(struct buf *ret, const char *id)
{
    buf_printf(ret, "{\"jsonrpc\": \"2.0\", \"id\": %s, \"result\": ", id);
}

static void fail(struct mcp_call *call, enum mcp_kind kind, int code, const char *sentence)
{
    struct buf text;
    buf_init(&text, ANSWER_MAX);
    buf_printf(&text, "{\"jsonrpc\": \"2.0\", \"id\": %s, \"error\": {\"code\": %d, \"message\": ",
               call->id ? call->id : "null", code);
    put_text(&text, sentence);
    buf_puts(&text, "}}\n");
    call->kind = kind;
    call->answer = buf_take(&text, NULL);
}

void api_mcp_put_outcome(struct buf *ret, const char *id, const char *outcome, size_t len,
                         const char *text)
{
    begin_result(ret, id);
    buf_puts(ret, "{\"content\": [{\"type\": \"text\", \"text\": ");
    put_text(ret, text);
    buf_puts(ret, "}], \"structuredContent\": ");
    buf_append(ret, outcome, len);
    buf_puts(ret, ", \"isError\": false}}\n");
}

void api_mcp_put_error(struct buf *ret, const char *id, const char *sentence)
{
    begin_result(ret, id);
    buf_puts(ret, "{\"content\": [{\"type\": \"text\", \"text\": ");
    put_text(ret, sentence);
    buf_puts(ret, "}], \"isError\": true}}\n");
}

/* ---- what is asked of us ---- */

static void put_welcome(const json_t *params, const struct knowledge *knowledge, struct buf *ret)
{
    const char *wanted = http_json_text(params, "protocolVersion");
    (void)knowledge;
    buf_printf(ret,
               "{\"protocolVersion\": \"%s\", \"capabilities\": {\"tools\": {}}, \"serverInfo\": "
               "{\"name\": \"whether\", \"title\": \"Whether\", \"version\": \"" WHETHER_VERSION
               "\"}, \"instructions\": ",
               wanted != NULL && is_version(wanted) ? wanted : versions[0]);
    put_text(ret, INSTRUCTIONS);
    buf_putc(ret, '}');
}

static void put_pong(const json_t *params, const struct knowledge *knowledge, struct buf *ret)
{
    (void)params;
    (void)knowledge;
    buf_puts(ret, "{}");
}

static void put_decisions(const struct knowledge *knowledge, struct buf *ret)
{
    struct buf text;
    buf_init(&text, ANSWER_MAX / 2);
    buf_puts(&text, "Asks the team's rules which option fits a project, and why. Decisions:");
    for (size_t i = 0; i < knowledge->count && i < DECISIONS_SHOWN; i++) {
        const struct pack *pack = knowledge->packs[i];
        buf_printf(&text, "%s %s (%s)", i ? ";" : "", pack->question, pack->id);
    }
    buf_puts(&text, ". The same question always gets the same answer.");
    put_text(ret, text.data);
    buf_finish(&text);
}

static void put_tools(const json_t *params, const struct knowledge *knowledge, struct buf *ret)
{
    (void)params;
    buf_puts(ret, "{\"tools\": [{\"name\": \"" TOOL
                  "\", \"title\": \"Ask which option fits\", \"description\": ");
    put_decisions(knowledge, ret);
    buf_printf(ret,
               ", \"inputSchema\": %s, \"outputSchema\": %s, \"annotations\": {\"readOnlyHint\": "
               "true, \"openWorldHint\": false}}]}",
               api_question_schema.data, api_outcome_schema.data);
}

static const struct {
    const char *name;
    void (*put)(const json_t *params, const struct knowledge *knowledge, struct buf *ret);
} methods[] = {{"initialize", put_welcome}, {"ping", put_pong}, {"tools/list", put_tools}};

static void call_tool(struct mcp_call *call, const json_t *params)
{
    const char *name = http_json_text(params, "name");
    json_t *arguments = json_object_get(params, "arguments");
    if (name == NULL || strcmp(name, TOOL) != 0) {
        fail(call, MCP_ANSWERED, RPC_PARAMS, "There is one tool, and its name is " TOOL ".");
    } else if (!json_is_object(arguments)) {
        fail(call, MCP_ANSWERED, RPC_PARAMS, "arguments must be an object with a text.");
    } else {
        call->kind = MCP_ASK;
        call->arguments = arguments;
    }
}

static void serve(struct mcp_call *call, const char *method, const struct knowledge *knowledge)
{
    const json_t *params = json_object_get(call->message, "params");
    if (strcmp(method, "tools/call") == 0) {
        call_tool(call, params);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (strcmp(methods[i].name, method) == 0) {
            struct buf text;
            buf_init(&text, ANSWER_MAX);
            begin_result(&text, call->id);
            methods[i].put(params, knowledge, &text);
            buf_puts(&text, "}\n");
            call->kind = MCP_ANSWERED;
            call->answer = buf_take(&text, NULL);
            return;
        }
    }
    fail(call, MCP_ANSWERED, RPC_METHOD,
         "There is no such method: only initialize, ping, tools/list and tools/call.");
}

/* The id as JSON; NULL where it is none that a request may have. */
static char *take_id(const json_t *id)
{
    char *text = json_is_string(id) || json_is_integer(id) ? json_dumps(id, JSON_ENCODE_ANY) : NULL;
    if (text != NULL && strlen(text) > ID_BYTES_MAX) {
        free(text);
        return NULL;
    }
    return text;
}

void api_mcp_read(const char *body, size_t len, const struct knowledge *knowledge,
                  struct mcp_call *ret)
{
    struct error err = {0};
    *ret = (struct mcp_call){.message = http_json_parse(body, len, &err)};
    if (ret->message == NULL) {
        fail(ret, MCP_BAD, RPC_PARSE, err.text);
        return;
    }
    const char *version = http_json_text(ret->message, "jsonrpc");
    const char *method = http_json_text(ret->message, "method");
    const json_t *id = json_object_get(ret->message, "id");
    bool answer = json_object_get(ret->message, "result") || json_object_get(ret->message, "error");
    ret->id = take_id(id);
    if (version == NULL || strcmp(version, "2.0") != 0 || (method == NULL && !answer) ||
        (id != NULL && ret->id == NULL)) {
        fail(ret, MCP_BAD, RPC_INVALID, "This is no request of JSON-RPC 2.0.");
    } else if (method != NULL && ret->id != NULL) {
        serve(ret, method, knowledge);
    } else {
        ret->kind = MCP_NOTHING;
    }
}

void api_mcp_finish(struct mcp_call *call)
{
    free(call->id);
    free(call->answer);
    json_decref(call->message);
    *call = (struct mcp_call){0};
}
