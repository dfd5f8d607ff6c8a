#include <stdio.h>
#include <string.h>

#include "adapters/irc_inside.h"
#include "bot/host/dispatch.h"
#include "bot/host/loop.h"

void irc_more_keep(struct irc *irc, struct irc_portion *out)
{
    if (out->at < out->text.len && out->key[0]) {
        dispatch_note_put(irc->dispatch, irc->adapter.name, out->key, out->text.data + out->at,
                          out->text.len - out->at, loop_wall_ms(irc->loop) + IRC_MORE_MS);
    }
    out->at = out->text.len;
}

static bool rest_of_current(struct irc *irc, const char *key, struct irc_portion *ret)
{
    struct irc_portion *out = &irc->sending.out;
    bool rest = irc->sending.asked && out->at < out->text.len && strcmp(out->key, key) == 0;
    if (rest) {
        irc_portion_init(ret, out->text.data + out->at, out->text.len - out->at);
        out->at = out->text.len;
    }
    return rest;
}

static bool rest_of_before(struct irc *irc, const char *key, struct irc_portion *ret)
{
    char text[IRC_PORTION_BYTES];
    size_t len = 0;
    int64_t now = loop_wall_ms(irc->loop);
    if (!dispatch_note_get(irc->dispatch, irc->adapter.name, key, now, text, sizeof(text), &len) ||
        len == 0) {
        return false;
    }
    dispatch_note_put(irc->dispatch, irc->adapter.name, key, "", 0, now);
    irc_portion_init(ret, text, len);
    return true;
}

bool irc_more_asked(struct irc *irc, const char *key, const char *target, const char *nick)
{
    if (irc->more_count == IRC_MORE_MAX) {
        return false;
    }
    struct irc_portion *out = &irc->more[irc->more_count];
    if (!rest_of_current(irc, key, out) && !rest_of_before(irc, key, out)) {
        return false;
    }
    snprintf(out->target, sizeof(out->target), "%s", target);
    snprintf(out->nick, sizeof(out->nick), "%s", nick);
    snprintf(out->key, sizeof(out->key), "%s", key);
    irc->more_count++;
    return true;
}

void irc_more_done(struct irc *irc)
{
    irc_more_keep(irc, &irc->more[0]);
    irc_portion_finish(&irc->more[0]);
    irc->more_count--;
    memmove(&irc->more[0], &irc->more[1], irc->more_count * sizeof(irc->more[0]));
    irc->more[irc->more_count] = (struct irc_portion){.at = 0};
}
