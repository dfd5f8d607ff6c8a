#include "bot/host/gathered.h"

#include <assert.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"

enum { KEEP_BYTES = 256 * 1024 };

/* All texts of a message but its adapter's name and what it says. */
static const size_t texts[] = {
    offsetof(struct message, delivery),     offsetof(struct message, identity),
    offsetof(struct message, conversation), offsetof(struct message, person),
    offsetof(struct message, address),      offsetof(struct message, pack),
    offsetof(struct message, facts),        offsetof(struct message, announce),
    offsetof(struct message, subject),
};

/* Where its texts stand, since the buffer moves. */
struct item {
    struct gathered_message one;
    size_t at; /* what it says; then the others, each with its NUL */
};

struct gathered {
    struct item *items;
    size_t count, cap;
    struct buf bytes;
};

struct gathered *gathered_create(void)
{
    struct gathered *gathered = mem_alloc(sizeof(*gathered));
    buf_init(&gathered->bytes, GATHERED_BYTES_MAX);
    return gathered;
}

void gathered_destroy(struct gathered *gathered)
{
    if (gathered != NULL) {
        buf_finish(&gathered->bytes);
        mem_free(gathered->items);
        mem_free(gathered);
    }
}

static const char **text_of(struct message *message, size_t index)
{
    return (const char **)((char *)message + texts[index]);
}

bool gathered_add(struct gathered *gathered, const struct gathered_message *one)
{
    struct item item = {*one, gathered->bytes.len};
    struct buf *bytes = &gathered->bytes;
    buf_append(bytes, one->message.len > 0 ? one->message.text : "", one->message.len);
    buf_putc(bytes, '\0');
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *text = *text_of(&item.one.message, i);
        if (text != NULL) {
            buf_append(bytes, text, strlen(text) + 1);
        }
    }
    if (bytes->failed) {
        buf_cut(bytes, item.at);
        bytes->failed = false;
        return false;
    }
    if (gathered->count == gathered->cap) {
        gathered->cap = gathered->cap == 0 ? 64 : 2 * gathered->cap;
        gathered->items = mem_grow(gathered->items, gathered->cap, sizeof(*gathered->items));
    }
    gathered->items[gathered->count++] = item;
    return true;
}

size_t gathered_count(const struct gathered *gathered)
{
    return gathered->count;
}

void gathered_at(const struct gathered *gathered, size_t index, struct gathered_message *ret)
{
    assert(index < gathered->count);
    const struct item *item = &gathered->items[index];
    const char *next = gathered->bytes.data + item->at;
    *ret = item->one;
    ret->message.text = next;
    next += ret->message.len + 1;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char **text = text_of(&ret->message, i);
        if (*text != NULL) {
            *text = next;
            next += strlen(next) + 1;
        }
    }
}

void gathered_clear(struct gathered *gathered)
{
    gathered->count = 0;
    if (gathered->bytes.cap > KEEP_BYTES) {
        buf_finish(&gathered->bytes);
        buf_init(&gathered->bytes, GATHERED_BYTES_MAX);
    }
    buf_clear(&gathered->bytes);
}
