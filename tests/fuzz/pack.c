#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/base/error.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"
#include "tests/fuzz/fuzz.h"

/* A pack that was let in must serve: it is asked for everything that it knows. */
static void use(const struct knowledge *knowledge)
{
    struct advisor *advisor = advisor_create(knowledge);
    struct workspace *workspace = workspace_create(advisor);
    struct conversation conversation;
    conversation_init(&conversation);
    for (size_t i = 0; i < knowledge->count; i++) {
        struct outcome outcome;
        const char *question = knowledge->packs[i]->question;
        advisor_turn(advisor, workspace, &conversation, SURFACE_DM, question, strlen(question),
                     &outcome);
        fuzz_check_turn(&conversation, &outcome);
        fuzz_check_reply(advisor, &outcome, LENGTH_FULL);
    }
    workspace_destroy(workspace);
    advisor_destroy(advisor);
}

/* Any bytes as a pack's file: it loads and serves, or every fault has its file and a sentence. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *file = fuzz_file("pack.json", data, size);
    struct knowledge *knowledge = NULL;
    struct fault_list faults = {0};
    if (knowledge_load(&file, 1, &knowledge, &faults)) {
        use(knowledge);
        knowledge_destroy(knowledge);
    } else {
        REQUIRE(knowledge == NULL);
        REQUIRE(faults.count > 0 && faults.count <= FAULTS_MAX);
    }
    for (size_t i = 0; i < faults.count; i++) {
        REQUIRE(faults.items[i].file && faults.items[i].line >= 0);
        REQUIRE(faults.items[i].text && faults.items[i].text[0]);
    }
    fault_finish(&faults);
    return 0;
}
