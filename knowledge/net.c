#include "knowledge/net.h"

#include <string.h>

#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "knowledge/bytes.h"

/* More are no accident, looking up is short. */
enum { PROBES_MAX = 1024 };

static bool take_head(struct bytes *b, struct net *net)
{
    uint32_t widths = bytes_u32(b);
    net->dims = bytes_u32(b);
    uint32_t flags = bytes_u32(b), shapes = bytes_u32(b);
    net->rows = bytes_u32(b);
    return !b->bad && widths == NET_WIDTHS && net->dims > 0 && net->dims <= NET_DIMS_MAX &&
           flags == NET_FLAGS && shapes == NET_SHAPES && net->rows <= NET_ROWS_MAX &&
           net->rows <= b->size / net->dims;
}

static size_t place_of(const struct net *net, uint64_t word)
{
    size_t i = hash_place(word, net->mask);
    while (net->index[i] && net->words[net->index[i] - 1] != word) {
        i = (i + 1) & net->mask;
    }
    return i;
}

/* False when looking the word up takes too long. The first of two equal ones is forgotten. */
static bool index_row(struct net *net, uint32_t number)
{
    uint64_t word = net->words[number];
    size_t place = place_of(net, word);
    net->index[place] = number + 1;
    return ((place - hash_place(word, net->mask)) & net->mask) < PROBES_MAX;
}

static void take_row(struct bytes *b, struct net *net, uint32_t number)
{
    net->row_scales[number] = bytes_f32(b);
    const unsigned char *values = bytes_take(b, net->dims);
    if (values) {
        memcpy(net->row_values + (size_t)number * net->dims, values, net->dims);
    }
}

static void take_rows(struct bytes *b, struct net *net)
{
    size_t places = 64, all = (size_t)net->rows + NET_SHAPES;
    while (places < (size_t)net->rows * 3 / 2) {
        places *= 2;
    }
    net->mask = places - 1;
    net->index = mem_alloc(places * sizeof(*net->index));
    net->words = mem_alloc(all * sizeof(*net->words));
    net->row_scales = mem_alloc(all * sizeof(*net->row_scales));
    net->row_values = mem_alloc(all * net->dims);
    for (uint32_t s = 0; s < NET_SHAPES; s++) {
        take_row(b, net, s);
    }
    for (uint32_t n = 0; n < net->rows && !b->bad; n++) {
        net->words[n] = bytes_u64(b);
        b->bad = b->bad || !index_row(net, n);
        take_row(b, net, NET_SHAPES + n);
    }
}

static int16_t take_limited(struct bytes *b, int limit)
{
    int16_t value = bytes_i16(b);
    b->bad = b->bad || value > limit || value < -limit;
    return value;
}

/* The weights of one output: signed bytes. */
static void take_weights(struct bytes *b, struct matrix *matrix, size_t output)
{
    const unsigned char *bytes = bytes_take(b, matrix->inputs);
    for (size_t i = 0; bytes && i < matrix->inputs; i++) {
        *matrix_at(matrix, output, i) = (int8_t)bytes[i];
    }
}

static void take_taps(struct bytes *b, struct net *net)
{
    matrix_init(&net->taps, net->dims, NET_WORD);
    for (size_t k = 0; k < NET_WORD && !b->bad; k++) {
        net->tap_scales[k] = bytes_f32(b);
        take_weights(b, &net->taps, k);
        for (size_t f = 0; f < NET_FLAGS; f++) {
            net->flags[f][k] = take_limited(b, NET_FLAG_LIMIT);
        }
    }
    for (size_t k = 0; k < NET_POOLED; k++) {
        net->biases[k] = take_limited(b, NET_BIAS_LIMIT);
    }
}

static void take_outputs(struct bytes *b, struct net *net, uint32_t classes)
{
    net->classes = classes;
    matrix_init(&net->outputs, NET_POOLED, classes);
    net->output_scales = mem_alloc(classes * sizeof(*net->output_scales));
    net->output_biases = mem_alloc(classes * sizeof(*net->output_biases));
    for (uint32_t c = 0; c < classes && !b->bad; c++) {
        net->output_biases[c] = bytes_f32(b);
        net->output_scales[c] = bytes_f32(b);
        take_weights(b, &net->outputs, c);
    }
}

bool net_take(struct bytes *b, uint32_t classes, struct net **ret)
{
    size_t start = b->at;
    uint32_t filters = bytes_u32(b);
    if (b->bad || filters == 0) {
        *ret = b->bad ? *ret : NULL;
        return !b->bad;
    }
    struct net *net = mem_alloc(sizeof(*net));
    b->bad = filters != NET_FILTERS || !take_head(b, net);
    if (!b->bad) {
        take_rows(b, net);
        take_taps(b, net);
        take_outputs(b, net, classes);
    }
    if (b->bad) {
        net_destroy(net);
        return false;
    }
    net->id = hash_bytes((const char *)b->data + start, b->at - start);
    *ret = net;
    return true;
}

void net_destroy(struct net *net)
{
    if (net) {
        mem_free(net->index);
        mem_free(net->words);
        mem_free(net->row_scales);
        mem_free(net->row_values);
        matrix_finish(&net->taps);
        matrix_finish(&net->outputs);
        mem_free(net->output_scales);
        mem_free(net->output_biases);
        mem_free(net);
    }
}

static struct net_row row_at(const struct net *net, size_t number)
{
    return (struct net_row){net->row_values + number * net->dims, net->row_scales[number]};
}

bool net_find(const struct net *net, uint64_t word, struct net_row *ret)
{
    uint32_t number = net->index[place_of(net, word)];
    if (number == 0) {
        return false;
    }
    *ret = row_at(net, NET_SHAPES + (size_t)number - 1);
    return true;
}

struct net_row net_shape_find(const struct net *net, enum net_shape shape)
{
    return row_at(net, shape);
}
