#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/advisor/advisor.h"
#include "bot/base/error.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"
#include "tests/fuzz/fuzz.h"

enum { FOLDER_MAX = 4000 };

/* One file for the whole run, in a folder of its own that goes away at the end. */
static char folder[FOLDER_MAX];
static char path[FOLDER_MAX + 16];

static void remove_file(void)
{
    unlink(path);
    rmdir(folder);
}

static const char *pack_path(void)
{
    if (!path[0]) {
        const char *tmp = getenv("TMPDIR");
        int len = snprintf(folder, sizeof(folder), "%s/whether-fuzz-XXXXXX", tmp ? tmp : "/tmp");
        REQUIRE(len > 0 && (size_t)len < sizeof(folder));
        REQUIRE(mkdtemp(folder) != NULL);
        snprintf(path, sizeof(path), "%s/pack.json", folder);
        atexit(remove_file);
    }
    return path;
}

static void write_file(const char *to, const uint8_t *data, size_t size)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    REQUIRE(fd >= 0);
    for (size_t done = 0; done < size;) {
        ssize_t wrote = write(fd, data + done, size - done);
        REQUIRE(wrote > 0);
        done += (size_t)wrote;
    }
    close(fd);
}

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
    const char *file = pack_path();
    struct knowledge *knowledge = NULL;
    struct fault_list faults = {0};
    write_file(file, data, size);
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
