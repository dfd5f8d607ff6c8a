#include "bot/host/announce.h"

#include <string.h>

#include "adapters/adapter.h"
#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/host/message.h"

static bool copy(const char *text, size_t len, char *ret, size_t cap)
{
    while (len > 0 && *text == ' ') {
        text++;
        len--;
    }
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    if (len >= cap) {
        return false;
    }
    memcpy(ret, text, len);
    ret[len] = '\0';
    return true;
}

bool announce_parse(const char *text, struct announce_target *ret)
{
    size_t name = strcspn(text, ",");
    const char *place = text + name + (text[name] == ',');
    return copy(text, name, ret->adapter, sizeof(ret->adapter)) && ret->adapter[0] &&
           copy(place, strlen(place), ret->place, sizeof(ret->place));
}

/* "acme/shop 12: Node.js, clearly, because of ..." */
static void put_line(const struct advisor *advisor, const char *subject,
                     const struct outcome *outcome, struct reply *ret)
{
    struct request request;
    struct reply line;
    outcome_request(advisor, outcome, &request);
    reply_build(&request, LENGTH_LINE, &line);
    *ret = (struct reply){0};
    if (line.block_count > 0) {
        reply_add(ret, BLOCK_LEAD, "%s: %s", subject, line.text + line.blocks[0].text);
    }
}

bool announce_format(const struct advisor *advisor, struct adapter *to,
                     const struct announce_target *target, const struct message *about,
                     const struct outcome *outcome, struct buf *ret_address,
                     struct buf *ret_payload)
{
    struct reply reply;
    bool verdict = outcome->kind == KIND_VERDICT && (outcome->verdict.kind == VERDICT_OPTION ||
                                                     outcome->verdict.kind == VERDICT_DEPENDS);
    if (!verdict || to->ops->address == NULL || !to->ops->address(target->place, ret_address)) {
        return false;
    }
    const struct message message = {.adapter = to->name,
                                    .surface = SURFACE_MENTION,
                                    .conversation = target->place,
                                    .address = ret_address->data,
                                    .text = "",
                                    .heed = HEED_ALL};
    put_line(advisor, about->subject, outcome, &reply);
    /* It asks nothing back: an outcome of its own, without buttons. */
    static const struct outcome news = {.kind = KIND_FACTS};
    return reply.block_count > 0 && to->ops->format(to, &message, &news, &reply, ret_payload);
}
