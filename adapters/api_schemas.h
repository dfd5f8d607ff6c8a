#pragma once

/* docs/openapi.json and parts of it, as the build puts them into the program (script/embed.py). */
struct http_asset;

extern const struct http_asset api_openapi, api_question_schema, api_outcome_schema;
