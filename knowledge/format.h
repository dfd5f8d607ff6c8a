#pragma once

#include <stddef.h>

/*
 * The pack format as data: which keys each kind of object has, of which type, whether they must be
 * there, and where in the structs of pack.h they go. parse.c walks these tables; docs/packs.md and
 * pack.schema.json describe the same (a test compares). To add a key, add a row.
 */
struct shape;

enum {
    FORMAT_KEYS_MAX = 20,            /* of one shape */
    PACK_FILE_MAX = 4 * 1024 * 1024, /* bytes */
    PACK_ID_MAX = 64,                /* bytes of an id */
    PACK_SAY_MAX = 4000,             /* bytes of one turn of an example */
    PACK_RULES_MAX = 1024,
    PACK_LIST_MAX = 2000, /* phrases or sentences of one list, facts or examples of a pack */
};

#define FORMAT_NO_LINE ((size_t)-1)

enum value_type {
    VALUE_IGNORED,
    VALUE_ID,        /* const char * */
    VALUE_TEXT,      /* const char *, one line */
    VALUE_CODE,      /* const char *, lines */
    VALUE_DATE,      /* const char *, YYYY-MM-DD */
    VALUE_URL,       /* const char * */
    VALUE_FLAG,      /* bool */
    VALUE_STRENGTH,  /* enum strength */
    VALUE_SECTION,   /* int, from an id */
    VALUE_SITUATION, /* int, from an id */
    VALUE_OPTION,    /* int, from an id */
    VALUE_SET,       /* uint64_t, from a list of situations; beside it a bool "is given" */
    VALUE_PHRASES,   /* struct text_list */
    VALUE_SENTENCES, /* struct text_list, items may have lines */
    VALUE_SAY,       /* the same, and a lone text stands for a list of one */
    VALUE_NAMES,     /* the same with names */
    VALUE_OBJECT,    /* members go into the same struct */
    VALUE_OBJECTS,   /* const struct x *, beside it a size_t count */
};

enum need {
    OPTIONAL,
    NEEDED,
    FILLED, /* needed, and the list may not be empty */
};

struct key {
    const char *name;
    enum value_type type;
    enum need need;
    size_t offset; /* in the struct that the object fills */
    size_t beside; /* offset of the count or flag that goes with it */
    size_t max;    /* items of a list */
    const struct shape *shape;
};

/* One kind of object: what it is called in messages, the struct it fills and its keys. */
struct shape {
    const char *name;
    size_t size, line; /* line: offset of the struct's line, FORMAT_NO_LINE if none */
    const struct key *keys;
    size_t key_count;
    void (*preset)(void *item); /* sets what 0 does not mean; may be NULL */
};

/* The root. The graph of shapes has no cycle. */
extern const struct shape format_pack;
