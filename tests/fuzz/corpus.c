#include <string.h>

#include "bot/base/error.h"
#include "bot/host/corpus.h"
#include "bot/reader/kind.h"
#include "knowledge/pack.h"
#include "tests/fuzz/fuzz.h"

/* Any bytes as each file of a corpus: loaded with labels in range, or refused with causes. */

static void check_corpus(const struct corpus *corpus, const struct pack *pack)
{
    uint64_t known = (UINT64_C(1) << pack->situation_count) - 1;
    for (size_t i = 0; i < corpus->clause_count; i++) {
        const struct corpus_clause *clause = &corpus->clauses[i];
        REQUIRE(!(clause->situations & ~known) && clause->polarity <= CLAUSE_NONE);
        REQUIRE(clause->text && clause->text[0]);
    }
    for (size_t i = 0; i < corpus->talk_count; i++) {
        const struct corpus_talk *talk = &corpus->talks[i];
        REQUIRE(talk->surface >= -1 && talk->surface < SURFACE_COUNT);
        REQUIRE(talk->kind >= 0 && talk->kind < KIND_COUNT);
        REQUIRE(!((talk->stated | talk->denied | talk->optional) & ~known));
        REQUIRE(talk->turn_count > 0 && talk->turn_count <= CORPUS_TURNS_MAX);
        for (size_t k = 0; k < talk->mark_count; k++) {
            REQUIRE(talk->marks[k].situation < (int)pack->situation_count);
            REQUIRE(talk->marks[k].polarity <= CLAUSE_NONE && talk->marks[k].words);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"x.clauses.tsv", "x.kinds.tsv", "x.conversations.jsonl"};
    const struct bench *bench = fuzz_bench();
    const struct pack *pack = bench->knowledge->packs[bench->knowledge->main];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char folder[4096];
        struct corpus corpus = {0};
        struct fault_list faults = {0};
        const char *path = fuzz_file(names[i], data, size);
        size_t len = (size_t)(strrchr(path, '/') - path);
        REQUIRE(len < sizeof(folder));
        memcpy(folder, path, len);
        folder[len] = '\0';
        bool fine = corpus_load(&corpus, pack, folder, &faults);
        REQUIRE(fine == (faults.count == 0));
        check_corpus(&corpus, pack);
        corpus_finish(&corpus);
        fault_finish(&faults);
    }
    return 0;
}
