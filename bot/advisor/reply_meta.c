#include <string.h>

#include "bot/advisor/reply_parts.h"
#include "bot/advisor/say.h"

/* Answers that need no draft: what the bot does not know, what it is for, and small talk. */

static size_t pack_count(const struct request *request)
{
    size_t count = request->knowledge ? request->knowledge->count : 0;
    return count < 8 ? count : 8;
}

void reply_unknown(const struct request *request, struct reply *reply)
{
    struct line line;
    line_init(&line);
    for (size_t i = 0; i < pack_count(request); i++) {
        line_add(&line, "%s%s", i > 0 ? " " : "", request->knowledge->packs[i]->question);
    }
    reply_add(reply, BLOCK_LEAD, "%s", SAY_UNKNOWN);
    if (line.len > 0) {
        reply_add(reply, BLOCK_PARAGRAPH, SAY_COVERS, line.text);
    } else {
        reply_add(reply, BLOCK_PARAGRAPH, "%s", SAY_NOTHING_COVERED);
    }
}

static void add_ask_me(const struct request *request, struct reply *reply)
{
    struct line line;
    line_init(&line);
    for (size_t i = 0; i < pack_count(request); i++) {
        const struct pack *pack = request->knowledge->packs[i];
        if (!pack->pointer) {
            line_add(&line, "%s%s", line.len > 0 ? " " : "", pack->question);
        }
    }
    if (line.len > 0) {
        reply_add(reply, BLOCK_PARAGRAPH, SAY_ASK_ME, line.text);
    }
}

/* The first short questions among the packs' own examples. */
static void add_examples(const struct request *request, struct reply *reply)
{
    size_t count = 0;
    for (size_t i = 0; i < pack_count(request); i++) {
        const struct pack *pack = request->knowledge->packs[i];
        for (size_t k = 0; !pack->pointer && k < pack->example_count && count < REASONS_MAX; k++) {
            const struct pack_example *example = &pack->examples[k];
            const char *say = example->say.count == 1 ? example->say.items[0].text : NULL;
            if (!say || strlen(say) > 100 ||
                (example->kind && strcmp(example->kind, "verdict") != 0)) {
                continue;
            }
            if (count++ == 0) {
                reply_add(reply, BLOCK_PARAGRAPH, "%s", SAY_EXAMPLES);
            }
            reply_add(reply, BLOCK_ITEM, "%s", say);
        }
    }
}

static void say_help(const struct request *request, struct reply *reply)
{
    reply_add(reply, BLOCK_LEAD, "%s", SAY_HELP);
    add_examples(request, reply);
    reply_add(reply, BLOCK_PARAGRAPH, "%s", SAY_HELP_THEN);
}

void reply_meta(const struct request *request, struct reply *reply)
{
    switch ((unsigned)request->ask.about) {
    case ASK_THANKS:
        reply_add(reply, BLOCK_LEAD, "%s", SAY_THANKS);
        break;
    case ASK_HELP:
        say_help(request, reply);
        break;
    case ASK_WHO:
        reply_add(reply, BLOCK_LEAD, "%s", SAY_WHO);
        add_ask_me(request, reply);
        break;
    case ASK_RESET:
        reply_add(reply, BLOCK_LEAD, "%s", SAY_RESET);
        break;
    case ASK_NEVERMIND:
        reply_add(reply, BLOCK_LEAD, "%s", SAY_NEVERMIND);
        break;
    default:
        reply_add(reply, BLOCK_LEAD, "%s", SAY_HELLO);
        add_ask_me(request, reply);
        break;
    }
}
