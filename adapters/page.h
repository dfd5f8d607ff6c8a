#pragma once

/*
 * For people without a chat: a page to ask on, and to see why. GET / and POST /ask (a form, works
 * without JavaScript), /rules (the decision tables), /gaps (what was not understood; only behind a
 * token). The conversation is in the form that travels to and fro: nothing of it is kept here.
 * Served only under the names of [page] hosts. docs/page.md.
 */
struct adapter_ops;

extern const struct adapter_ops adapter_page;
