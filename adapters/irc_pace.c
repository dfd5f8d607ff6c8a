#include "adapters/irc_pace.h"

#include <stddef.h>

enum { REGISTRATION_LINES = 2 };

void irc_pace_init(struct irc_pace *ret, uint64_t step_ms)
{
    *ret = (struct irc_pace){.step_ms = step_ms, .slowness = 1};
}

static uint64_t step(const struct irc_pace *pace)
{
    return pace->step_ms * pace->slowness;
}

void irc_pace_start(struct irc_pace *pace, uint64_t now_ms)
{
    pace->paid_until_ms = now_ms + REGISTRATION_LINES * step(pace);
    pace->quiet_since_ms = now_ms;
}

uint64_t irc_pace_wait(const struct irc_pace *pace, uint64_t now_ms)
{
    uint64_t ahead = (IRC_PACE_BURST - 1) * step(pace);
    return pace->paid_until_ms > now_ms + ahead ? pace->paid_until_ms - now_ms - ahead : 0;
}

void irc_pace_spend(struct irc_pace *pace, uint64_t now_ms)
{
    uint64_t from = pace->paid_until_ms > now_ms ? pace->paid_until_ms : now_ms;
    pace->paid_until_ms = from + step(pace);
}

void irc_pace_slower(struct irc_pace *pace)
{
    pace->slowness = pace->slowness < IRC_PACE_SLOWEST ? pace->slowness * 2 : IRC_PACE_SLOWEST;
}

void irc_pace_recover(struct irc_pace *pace, uint64_t now_ms)
{
    if (pace->slowness > 1 && now_ms - pace->quiet_since_ms >= IRC_PACE_QUIET_MS) {
        pace->slowness /= 2;
        pace->quiet_since_ms = now_ms;
    }
}

uint64_t irc_backoff_ms(unsigned n, uint64_t first_ms, uint64_t most_ms, uint64_t jitter_ms,
                        uint64_t random)
{
    uint64_t wait = first_ms;
    for (unsigned i = 1; i < n && wait < most_ms; i++) {
        wait = wait * 7 / 4;
    }
    return (wait < most_ms ? wait : most_ms) + random % (jitter_ms + 1);
}

bool irc_throttle_take(struct irc_throttle *throttle, uint64_t now_ms, uint64_t while_ms)
{
    for (size_t i = 0; i < IRC_THROTTLE_MOST; i++) {
        uint64_t *at = &throttle->at_ms[i];
        if (*at == 0 || now_ms - *at >= while_ms) {
            *at = now_ms > 0 ? now_ms : 1;
            return true;
        }
    }
    return false;
}
