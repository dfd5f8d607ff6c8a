#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bot/host/config.h"
#include "bot/reader/kind.h"

/*
 * The program around the advisor: what every command that answers needs, set up in one call. Knows
 * where files lie (configuration, packs); knows nothing of options, terminals or chats. One thread.
 */
struct advisor;
struct conversation;
struct fault_list;
struct knowledge;
struct lines;
struct outcome;
struct reply;
struct workspace;

struct program {
    struct config config;
    struct knowledge *knowledge; /* owned, as the rest */
    struct advisor *advisor;
    struct workspace *workspace;
};

/* What the command line said; all borrowed. */
struct program_options {
    const char *config_path;  /* NULL: the defaults */
    const char *const *packs; /* files or directories that take the place of all others */
    size_t pack_count;
    bool files; /* the files that the configuration names must be there, too (config.h) */
};

/*
 * First of all: what jansson allocates ends the program where there is no memory, as in mem.h. Its
 * parser would say "invalid token" of the text that it was just reading.
 */
void program_set_up_memory(void);

/* The file of -c, or the defaults. On failure *ret is untouched. */
bool program_load_config(const struct program_options *options, struct config *ret,
                         struct fault_list *faults);

/*
 * Where the packs are looked for, the first that is given: the command line; [bot] packs of the
 * configuration; $WHETHER_PACKS (paths between colons); ./knowledge; WHETHER_DATADIR/knowledge (set
 * by Meson); knowledge beside the program or up to two directories above it (build/dev in the
 * source tree).
 */
bool program_load_knowledge(const struct program_options *options, const struct config *config,
                            struct knowledge **ret, struct fault_list *faults);

/*
 * The learned files (knowledge/learned.h); the ones that all packs share may also lie in the first
 * of the usual places (./knowledge and those after it) that has a words.vec, so that a team's packs
 * elsewhere find them.
 */
bool program_load_learned(struct knowledge *knowledge, unsigned parts, struct fault_list *faults);

/*
 * Tells each file or folder that the two above would read now, whether or not it is there. `found`
 * is called with a path that is valid for the call only.
 */
void program_places(const struct program_options *options, const struct config *config,
                    void (*found)(void *context, const char *path), void *context);

/* The path of a file beside the program's own. False when it is too long or not to be known. */
bool program_beside(const char *name, char *path, size_t cap);

/*
 * On failure *ret is zeroed and faults tells all that is wrong with configuration and packs.
 * program_close() frees.
 */
bool program_open(struct program *ret, const struct program_options *options,
                  struct fault_list *faults);
void program_close(struct program *program); /* a zeroed one is fine */

/* Reads one turn and words the answer; a silent outcome leaves the reply empty. */
void program_turn(struct program *program, struct conversation *conversation, enum surface surface,
                  const char *text, size_t len, int length, struct outcome *ret_outcome,
                  struct reply *ret_reply);

/*
 * The same for facts set by other means than words (facts.h). False: none of them is one of the
 * decision that the conversation is about; nothing has changed.
 */
bool program_assume(struct program *program, struct conversation *conversation, const char *facts,
                    int length, struct outcome *ret_outcome, struct reply *ret_reply);

/* Says on standard error that a line was too long to be read whole, if it was. */
void program_note_truncated(const struct lines *lines);
