#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/advisor/reply.h"

/*
 * What every fuzz target is: one function that takes any bytes and returns 0, and must neither
 * crash, leak nor take long (libFuzzer's -timeout=2). Called by libFuzzer, or by main.c with each
 * seed. A broken promise of the code under test ends the program through REQUIRE, in every build.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says which promise broke and aborts; unlike assert() it does not vanish with NDEBUG. */
#define REQUIRE(condition)                               \
    do {                                                 \
        if (!(condition)) {                              \
            fuzz_broken(__FILE__, __LINE__, #condition); \
        }                                                \
    } while (0)

_Noreturn void fuzz_broken(const char *file, int line, const char *condition);

/*
 * The path of a file of these bytes, the only one in its folder, for code that takes paths. The
 * next call replaces it, and the end of the program removes it.
 */
const char *fuzz_file(const char *name, const uint8_t *data, size_t size);

bool fuzz_utf8_valid(const char *text, size_t len);

struct advisor;
struct conversation;
struct knowledge;
struct outcome;
struct workspace;

/*
 * An advisor over the packs and models of this checkout and a workspace of it, made at the first
 * call and kept until the program ends. Borrowed by the caller. Aborts where the packs do not load:
 * then there is nothing to fuzz.
 */
struct bench {
    const struct knowledge *knowledge;
    const struct advisor *advisor;
    struct workspace *workspace;
};
const struct bench *fuzz_bench(void);

/*
 * What each stage promises of the turn that was read last, from words to the scores of kinds; size:
 * the bytes that were read.
 */
void fuzz_check_reading(const struct bench *bench, size_t size);

/* What must hold of any turn: kinds and indexes in range, facts and verdicts consistent. */
void fuzz_check_turn(const struct conversation *conversation, const struct outcome *outcome);

/* The outcome's reply: its blocks within their bounds, every wording valid UTF-8. */
void fuzz_check_reply(const struct advisor *advisor, const struct outcome *outcome,
                      enum reply_length length);
