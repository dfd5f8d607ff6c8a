#pragma once

/*
 * For programs: POST /api/ask {"text": ..., "conversation"?: ..., "pack"?: ..., "id"?: ...} answers
 * with the outcome object (bot/host/outcome_json.h) on one line. Behind a bearer token; without one
 * only for programs on this machine, and not for web pages that a browser here shows
 * (docs/daemon.md). POST /mcp is the same as a tool of the Model Context Protocol. Both are
 * described by docs/openapi.json, which GET /api/openapi.json gives.
 */
struct adapter_ops;

extern const struct adapter_ops adapter_api;
