#pragma once

/*
 * Trackers: GitHub, GitLab, Gitea and Forgejo, Jira Cloud, Linear, and any sender of JSON. Hear by
 * webhooks over the HTTP server, answer by a comment in the ticket (docs/trackers.md). One adapter
 * for all: what makes one tracker differ from another is a row in tracker_kinds.c. This is its one
 * door.
 */
struct adapter_ops;

extern const struct adapter_ops adapter_github, adapter_gitlab, adapter_gitea, adapter_jira,
    adapter_linear, adapter_generic;
