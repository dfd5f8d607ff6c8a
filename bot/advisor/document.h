#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Documents with headings, lists and tables, written once for every markup that trackers read:
 * parts are opened and closed like brackets, and texts go into the innermost one. Pure, never
 * fails; whether everything fitted says document_end(). All texts are escaped as those of wording.h
 * are: no mention, HTML, quick action or second line comes out of them. Knows nothing of verdicts.
 */
struct buf;
struct reply;

enum markup {
    MARKUP_HTML,     /* Markdown with tables and <details>: GitHub, GitLab, Gitea, Forgejo */
    MARKUP_MARKDOWN, /* the same without HTML: files, Linear, Mattermost */
    MARKUP_ADF,      /* Atlassian Document Format, JSON: Jira Cloud's REST API 3 */
};

enum part {
    PART_PARAGRAPH,
    PART_HEADING,    /* of the document */
    PART_SUBHEADING, /* of a section of it */
    PART_MINOR,      /* heading of a part of a section */
    PART_LIST,       /* holds items */
    PART_ITEM,
    PART_TABLE, /* holds rows; the first holds the columns' names */
    PART_ROW,   /* holds cells */
    PART_CELL,
    PART_QUOTE, /* of one paragraph */
    PART_CODE,
    PART_FOLD, /* shut until somebody opens it: document_fold() */
};

enum { DOCUMENT_DEPTH_MAX = 8 };

struct document {
    struct buf *ret; /* borrowed */
    enum markup markup;
    struct {
        enum part part;
        size_t count; /* parts and texts in it so far */
    } open[DOCUMENT_DEPTH_MAX + 1];
    size_t depth;
};

void document_begin(struct document *document, enum markup markup, struct buf *ret);
void document_open(struct document *document, enum part part);
void document_fold(struct document *document, const char *title);
void document_close(struct document *document);

/* Into the open paragraph, heading, item, cell, quote or code; an empty text is nothing. */
void document_text(struct document *document, const char *text);
void document_bold(struct document *document, const char *text);

/* A URL that is none for the web leaves the plain text. */
void document_link(struct document *document, const char *text, const char *url);

/* A whole part with one text. */
void document_say(struct document *document, enum part part, const char *text);

/* All blocks of a reply, the lead in bold type if anything follows it. */
void document_reply(struct document *document, const struct reply *reply);

/* Closes what is open. False when ret is full. */
bool document_end(struct document *document);
