#pragma once

#include <stdint.h>
#include <string.h>

#include "bot/base/buf.h"

/* Numbers as a model's file has them, little end first: what knowledge/bytes.h takes off. */
static inline void put_u16(struct buf *buf, uint16_t value)
{
    unsigned char bytes[2] = {(unsigned char)value, (unsigned char)(value >> 8)};
    buf_append(buf, bytes, sizeof(bytes));
}

static inline void put_u32(struct buf *buf, uint32_t value)
{
    put_u16(buf, (uint16_t)value);
    put_u16(buf, (uint16_t)(value >> 16));
}

static inline void put_u64(struct buf *buf, uint64_t value)
{
    put_u32(buf, (uint32_t)value);
    put_u32(buf, (uint32_t)(value >> 32));
}

static inline void put_f32(struct buf *buf, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    put_u32(buf, bits);
}
