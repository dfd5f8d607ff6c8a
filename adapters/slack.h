#pragma once

/*
 * Slack: [slack] or [slack LABEL], one app in one workspace. Hears by the Events API, slash
 * commands and buttons over the HTTP server, speaks by the Web API, or by an incoming webhook alone
 * (docs/slack.md). Split into parse, format and answer (pure) and send; this is its one door.
 */
struct adapter_ops;

extern const struct adapter_ops adapter_slack;
