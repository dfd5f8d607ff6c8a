#include "bot/training/net_file.h"

#include <math.h>

#include "bot/training/put.h"
#include "knowledge/net.h"

enum { CUT_MAX = NET_POOLED > NET_DIMS_MAX ? NET_POOLED : NET_DIMS_MAX };

/* Eight bits each, to be multiplied by what is returned. */
static float cut(const float *values, size_t count, int8_t *ret)
{
    float most = 0;
    for (size_t i = 0; i < count; i++) {
        most = fabsf(values[i]) > most ? fabsf(values[i]) : most;
    }
    float scale = most > 0 ? most / 127 : 1;
    for (size_t i = 0; i < count; i++) {
        ret[i] = (int8_t)lroundf(values[i] / scale);
    }
    return scale;
}

static void put_cut(struct buf *buf, const float *values, size_t count, float unit)
{
    int8_t bytes[CUT_MAX];
    put_f32(buf, cut(values, count, bytes) * unit);
    buf_append(buf, bytes, count);
}

static void put_ones(struct buf *buf, float value, int limit)
{
    float ones = value * NET_ONE, most = (float)limit;
    put_u16(buf, (uint16_t)lroundf(fminf(fmaxf(ones, -most), most)));
}

static void put_tap(struct buf *buf, const struct net_plain *net, size_t number)
{
    const float *tap = net->taps + number * net->inputs;
    put_cut(buf, tap, net->dims, 1);
    for (size_t f = 0; f < NET_FLAGS; f++) {
        put_ones(buf, tap[net->dims + f], NET_FLAG_LIMIT);
    }
}

void net_file_put(const struct net_plain *net, struct buf *buf)
{
    put_u32(buf, NET_FILTERS);
    put_u32(buf, NET_WIDTHS);
    put_u32(buf, (uint32_t)net->dims);
    put_u32(buf, NET_FLAGS);
    put_u32(buf, NET_SHAPES);
    put_u32(buf, (uint32_t)(net->row_count - NET_SHAPES));
    for (size_t row = 0; row < net->row_count; row++) {
        if (row >= NET_SHAPES) {
            put_u64(buf, net->words[row]);
        }
        put_cut(buf, net->rows + row * net->dims, net->dims, 1);
    }
    for (size_t k = 0; k < NET_WORD; k++) {
        put_tap(buf, net, k);
    }
    for (size_t k = 0; k < NET_POOLED; k++) {
        put_ones(buf, net->biases[k], NET_BIAS_LIMIT);
    }
    for (size_t c = 0; c < net->class_count; c++) {
        put_f32(buf, net->output_biases[c]);
        put_cut(buf, net->outputs + c * NET_POOLED, NET_POOLED, 1.0f / NET_ONE);
    }
}

void net_file_put_none(struct buf *buf)
{
    put_u32(buf, 0);
}
