#pragma once

/*
 * The reader's own English: what turns a cue into a fact, a denial or hearsay, and what shows
 * the kind of a message.
 * Knows no pack. A row is a phrase in the notation of knowledge/phrase.h; many rows share an id.
 * The table ends with a NULL phrase.
 */
enum english {
    /* polarity */
    EN_NEGATION,      /* denies what follows: no, not, without ... */
    EN_DENIED_BEFORE, /* denies what goes before: "... is out of scope" */
    EN_AFFIRMATION,   /* looks like a denial and is none: "can't do without", "not only" */
    EN_BUT,           /* ends a scope */
    EN_NO_ANSWER,     /* "God, no": denies the question before */
    EN_YES_ANSWER,
    /* whose, when, how certain */
    EN_HEARSAY,
    EN_PAST,
    EN_NOW, /* ends a story of the past: "here", "this time", "now" */
    EN_HYPOTHETICAL,
    EN_LATER,
    EN_OTHERS,        /* another team's, another product's */
    EN_WISH,          /* would love to learn */
    EN_DROP_QUESTION, /* might we drop it? */
    /* weight */
    EN_HEAVY,
    EN_LIGHT,
    EN_EQUAL,
    EN_MORE_THAN,  /* what goes before it outweighs what follows */
    EN_REST_LIGHT, /* "everything else is ...": what was named before is heavy */
    /* sections */
    EN_SECTION_OUT,
    EN_SECTION_IN,
    EN_SECTION_LIGHT,
    /* discourse */
    EN_CORRECTION,
    EN_TAKE_BACK,     /* "scratch that": what was said last */
    EN_WRONG_PROJECT, /* the facts so far were about something else */
    EN_NEW_PROJECT,
    EN_BACK_TO_FIRST,
    EN_RESTORE,      /* "with it back in" */
    EN_FALSE_FRIEND, /* hides the cues inside it */
    EN_OURS,         /* makes a quotation the speaker's own */
    /* the choice */
    EN_OR,
    EN_CHOICE,      /* which one, which of the two, what would you pick */
    EN_GOOD_CHOICE, /* is ... a good choice, does ... make sense */
    EN_BOTH,
    EN_OTHER_TECH, /* a product that belongs to no pack */
    EN_SO,         /* so? which then? */
    EN_UNASKED,    /* names the options of a choice and asks for none */
    /* asking */
    EN_WHY,
    EN_WHY_NOT,
    EN_FLIP,
    EN_GOOD_AT,
    EN_COMPARE,
    EN_RULE,
    EN_SOURCE,
    EN_BETTER,
    EN_WHAT_IS,
    EN_DOES_IT,  /* does it come with, does it ship */
    EN_TOOL_FOR, /* what do people use for ... */
    EN_REMIND,
    /* meta */
    EN_HELLO,
    EN_THANKS,
    EN_HELP,
    EN_WHO,
    EN_RESET,
    EN_NEVERMIND,
    EN_FINE, /* ok, great, makes sense */
    EN_BYE,
    /* outside */
    EN_HOW_TO,
    EN_TROUBLE, /* errors, red builds */
    EN_MONEY,
    EN_HOSTING,
    EN_OFF_TOPIC,
    EN_TO_OTHERS, /* addressed to colleagues: anyone, folks, guys */
    EN_NOT_SO,    /* "they won't": refuses what was supposed just before */
    EN_COUNT
};

struct english_row {
    enum english id;
    const char *phrase;
};

extern const struct english_row english_rows[];

/* "negation", "hearsay" ...: for explanations. */
const char *english_name(enum english id);
