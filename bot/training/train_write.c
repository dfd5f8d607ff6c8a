#include "bot/training/train_write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/training/put.h"
#include "bot/training/train.h"

enum { MODEL_BYTES_MAX = 32 * 1024 * 1024 };

/* Of the greatest weight of a class: what is less carries nothing. */
static const double prune = 0.03;

static double peak(const double *w, size_t from, size_t to)
{
    double most = 0;
    for (size_t i = from; i < to; i++) {
        most = fabs(w[i]) > most ? fabs(w[i]) : most;
    }
    return most > 0 ? most : 1;
}

static int cut(double value, double scale)
{
    return (int)lround(value / scale);
}

static void put_class(const struct draft *t, struct buf *buf, const struct fitted *class,
                      double *ret_scale)
{
    double dense = peak(class->w, 0, t->dims) / 127;
    *ret_scale = peak(class->w, t->dims, t->feature_count) / 127;
    buf_putc(buf, (char)strlen(class->name));
    buf_puts(buf, class->name);
    put_f32(buf, (float)class->w[t->feature_count]);
    put_f32(buf, (float)*ret_scale);
    put_f32(buf, (float)(dense * t->dense_factor));
    put_f32(buf, 0);
    for (uint32_t d = 0; d < t->dims; d++) {
        buf_putc(buf, (char)cut(class->w[d], dense));
    }
}

/* The weights that matter: 8 bits each, the small ones left out. */
static void put_weights(const struct draft *t, const struct fitted *classes, size_t count,
                        const double *scales, struct buf *features, struct buf *weights,
                        struct train_result *ret)
{
    for (uint32_t n = t->dims; n < t->feature_count; n++) {
        size_t before = ret->weights;
        for (size_t c = 0; c < count; c++) {
            int value = cut(classes[c].w[n], scales[c]);
            if (abs(value) > prune * 127) {
                buf_putc(weights, (char)c);
                buf_putc(weights, (char)value);
                ret->weights++;
            }
        }
        if (ret->weights > before) {
            put_u32(features, t->hash_of[n + 1]);
            put_u32(features, (uint32_t)before);
            ret->features++;
        }
    }
}

/* A part that failed makes the whole fail: a model must not be written without it. */
static void put_part(struct buf *buf, const struct buf *part)
{
    buf_append(buf, part->data ? part->data : "", part->len);
    buf->failed = buf->failed || part->failed;
}

bool draft_write(const struct draft *t, const char *path, struct train_result *ret,
                 struct error *err)
{
    const struct fitted *classes = t->classes;
    size_t count = t->class_count;
    struct buf head, features, weights;
    double *scales = mem_alloc(count * sizeof(*scales));
    buf_init(&head, MODEL_BYTES_MAX);
    buf_init(&features, MODEL_BYTES_MAX);
    buf_init(&weights, MODEL_BYTES_MAX);
    struct buf body;
    buf_init(&body, MODEL_BYTES_MAX);
    for (size_t c = 0; c < count; c++) {
        put_class(t, &body, &classes[c], &scales[c]);
    }
    put_weights(t, classes, count, scales, &features, &weights, ret);
    buf_append(&head, "WMDL3\0\0\0", 8);
    put_u64(&head, t->corpus);
    put_u32(&head, (uint32_t)count);
    put_u32(&head, t->dims);
    put_u32(&head, (uint32_t)ret->features);
    put_u32(&head, (uint32_t)ret->weights);
    put_part(&head, &body);
    put_part(&head, &features);
    put_part(&head, &weights);
    put_part(&head, t->net);
    put_part(&head, t->trust);
    ret->bytes = head.len;
    bool fine = buf_write_file(&head, path, err);
    buf_finish(&body);
    buf_finish(&weights);
    buf_finish(&features);
    buf_finish(&head);
    mem_free(scales);
    return fine;
}
