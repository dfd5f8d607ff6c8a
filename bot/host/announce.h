#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * An answer that is told in another place as well: a line about a ticket's verdict in a chat. Makes
 * what goes into the outbox; knows neither trackers nor chats. One thread.
 */
struct adapter;
struct advisor;
struct buf;
struct message;
struct outcome;

enum { ANNOUNCE_NAME_MAX = 80, ANNOUNCE_PLACE_MAX = 200 };

/* "irc libera, #team": the adapter's name, and its place ("" where there is none to say). */
struct announce_target {
    char adapter[ANNOUNCE_NAME_MAX], place[ANNOUNCE_PLACE_MAX];
};
bool announce_parse(const char *text, struct announce_target *ret);

/*
 * Whether there is anything to tell, and then the address and the payload, as `to` would have made
 * them for an answer of its own. Only verdicts are told.
 */
bool announce_format(const struct advisor *advisor, struct adapter *to,
                     const struct announce_target *target, const struct message *about,
                     const struct outcome *outcome, struct buf *ret_address,
                     struct buf *ret_payload);
