#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/*
 * The Model Context Protocol as far as one tool needs it: JSON-RPC messages in, answers out. Pure;
 * knows nothing of HTTP, nor of how a question is answered. Streamable HTTP of the protocol's
 * versions 2025-03-26 to 2025-11-25, without sessions, streams and batches
 * (https://modelcontextprotocol.io/specification).
 */
struct buf;
struct knowledge;

enum mcp_kind {
    MCP_NOTHING,  /* a notification, or an answer to what nobody asked: accepted */
    MCP_ANSWERED, /* `answer` says it */
    MCP_BAD,      /* the same; and it was no message of the protocol */
    MCP_ASK,      /* the tool is called: api_mcp_put_outcome() or _put_error() answers */
};

struct mcp_call {
    enum mcp_kind kind;
    char *id;          /* of the request, as JSON; owned; NULL: it has none */
    char *answer;      /* owned; NULL for MCP_NOTHING and MCP_ASK */
    json_t *message;   /* owned */
    json_t *arguments; /* of the tool, an object; borrowed from message; MCP_ASK only */
};

/* Any bytes. What the tool says of itself names the decisions of `knowledge`. */
void api_mcp_read(const char *body, size_t len, const struct knowledge *knowledge,
                  struct mcp_call *ret);
void api_mcp_finish(struct mcp_call *call); /* a zeroed one is fine */

/* A version that a client's header may name; NULL, no header, stands for the oldest. */
bool api_mcp_speaks(const char *version);

/* The answer to MCP_ASK: the outcome object as it is, and its text for those who read only that. */
void api_mcp_put_outcome(struct buf *ret, const char *id, const char *outcome, size_t len,
                         const char *text);

/* The tool could not do it; `sentence` is for the model that called it. */
void api_mcp_put_error(struct buf *ret, const char *id, const char *sentence);
