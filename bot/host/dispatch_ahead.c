#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/base/clock.h"
#include "bot/base/hash.h"
#include "bot/host/dispatch.h"
#include "bot/host/dispatch_inside.h"
#include "bot/host/program.h"
#include "bot/host/readers.h"

/*
 * Messages that are heard at the end of the turn, while other threads read what comes after the one
 * that is being heard. What was read of a message holds only if its conversation is still what it
 * was then: so none is read ahead while another one of its conversation is to be heard before it.
 */

void dispatch_set_readers(struct dispatch *dispatch)
{
    struct ahead *ahead = &dispatch->ahead;
    const struct program *program = dispatch->program;
    int wanted = program->config.readers;
    size_t count = wanted == CONFIG_READERS_AUTO ? readers_usual() : (size_t)wanted - 1;
    if (ahead->wanted != count) {
        readers_destroy(ahead->readers);
        ahead->readers = readers_create(count);
        ahead->wanted = count;
    }
    if (ahead->readers != NULL && readers_count(ahead->readers) == 0) {
        readers_destroy(ahead->readers);
        ahead->readers = NULL;
    }
    if (ahead->readers != NULL) {
        readers_use(ahead->readers, program);
    }
}

static void begin_anew(struct ahead *ahead)
{
    ahead->next = 0;
    ahead->hearing = AHEAD_NONE;
    ahead->expected = NULL;
    if (ahead->readers != NULL) {
        readers_forget(ahead->readers);
    }
}

/* Never 0, which is a message without one. */
static uint64_t place_of(const struct message *message)
{
    const char *conversation = message->conversation;
    if (conversation == NULL) {
        return 0;
    }
    uint64_t adapter = hash_bytes(message->adapter, strlen(message->adapter));
    uint64_t place = hash_bytes(conversation, strlen(conversation)) ^ (adapter << 1);
    return place != 0 ? place : 1;
}

static bool is_moved_before(const struct ahead *ahead, size_t heard, size_t index)
{
    uint64_t place = ahead->places[index % READERS_AHEAD];
    for (size_t i = heard; place != 0 && i < index; i++) {
        if (ahead->places[i % READERS_AHEAD] == place) {
            return true;
        }
    }
    return false;
}

static void read_ahead(struct dispatch *dispatch, size_t heard, size_t index)
{
    struct ahead *ahead = &dispatch->ahead;
    struct gathered_message one;
    gathered_at(dispatch->gathered, index, &one);
    const struct message *message = &one.message;
    ahead->places[index % READERS_AHEAD] = place_of(message);
    bool ours = ahead->expected == NULL || ahead->expected[index] != EXPECTED_BUSY;
    if (!ours || !dispatch_reads(message) || message->len > READERS_TEXT_MAX ||
        is_moved_before(ahead, heard, index)) {
        return;
    }
    struct conversation conversation;
    if (turn_begin(&dispatch->turn, one.now_ms) &&
        dispatch_load(dispatch, message, one.now_ms, &conversation)) {
        readers_add(ahead->readers, &(struct unread){.number = index,
                                                     .conversation = &conversation,
                                                     .surface = message->surface,
                                                     .length = dispatch->program->config.length,
                                                     .text = message->text,
                                                     .len = message->len});
    }
}

void dispatch_look_ahead(struct dispatch *dispatch, size_t heard)
{
    struct ahead *ahead = &dispatch->ahead;
    size_t count = gathered_count(dispatch->gathered);
    size_t end = count - heard < READERS_AHEAD ? count : heard + READERS_AHEAD;
    if (ahead->readers == NULL) {
        return;
    }
    readers_forget_before(ahead->readers, heard);
    ahead->next = ahead->next > heard ? ahead->next : heard;
    for (; ahead->next < end; ahead->next++) {
        read_ahead(dispatch, heard, ahead->next);
    }
}

const struct thought *dispatch_thought(struct dispatch *dispatch)
{
    struct ahead *ahead = &dispatch->ahead;
    if (ahead->readers == NULL || ahead->hearing == AHEAD_NONE) {
        return NULL;
    }
    uint64_t before = clock_us();
    const struct thought *thought = readers_fetch(ahead->readers, ahead->hearing);
    if (thought != NULL) {
        ahead->elsewhere_us = thought->took_us - (clock_us() - before);
    }
    return thought;
}

size_t dispatch_hear_gathered(struct dispatch *dispatch, const enum expected *expected)
{
    struct ahead *ahead = &dispatch->ahead;
    size_t left = 0;
    if (expected != NULL) {
        begin_anew(ahead);
        ahead->expected = expected;
    }
    for (size_t i = 0; i < gathered_count(dispatch->gathered); i++) {
        struct gathered_message one;
        dispatch_look_ahead(dispatch, i);
        gathered_at(dispatch->gathered, i, &one);
        ahead->hearing = i;
        if (expected != NULL && expected[i] == EXPECTED_BUSY) {
            dispatch_turn_away(dispatch, &one);
            left++;
        } else {
            dispatch_hear(dispatch, &one);
        }
    }
    begin_anew(ahead);
    return left;
}
