#include "knowledge/model.h"

#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"

/* Hashes that crowd into one corner of the index are no accident: looking up must stay short. */
enum { FILE_MAX = 32 * 1024 * 1024, DIMS_MAX = 512, PROBES_MAX = 1024 };

/* Weights are near 1; what is far beyond is no weight. */
static const float number_max = 1e9f;

struct reader {
    const unsigned char *bytes;
    size_t size, at;
    bool bad;
};

static const unsigned char *take(struct reader *r, size_t len)
{
    if (r->bad || r->size - r->at < len) {
        r->bad = true;
        return NULL;
    }
    r->at += len;
    return r->bytes + r->at - len;
}

static uint32_t take_u32(struct reader *r)
{
    const unsigned char *u = take(r, 4);
    return u ? u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24 : 0;
}

static float take_f32(struct reader *r)
{
    uint32_t bits = take_u32(r);
    float value;
    memcpy(&value, &bits, sizeof(value));
    /* Nor so for what is no number: no score may hold one. */
    r->bad = r->bad || !(value > -number_max && value < number_max);
    return value;
}

static void read_class(struct reader *r, struct model *model, uint32_t number)
{
    struct model_class *cls = &model->classes[number];
    const unsigned char *len = take(r, 1);
    const unsigned char *name = len ? take(r, *len) : NULL;
    if (!name || *len >= sizeof(cls->name)) {
        r->bad = true;
        return;
    }
    memcpy(cls->name, name, *len);
    cls->bias = take_f32(r);
    cls->scale = take_f32(r);
    float dense_scale = take_f32(r);
    take_f32(r);
    const unsigned char *dense = take(r, model->dims);
    for (uint32_t d = 0; dense && d < model->dims; d++) {
        model->columns[(size_t)d * model->class_count + number] =
            dense_scale * (float)(int8_t)dense[d];
    }
}

static size_t place_of(const struct model *model, uint32_t hash)
{
    size_t i = hash & model->mask;
    while (model->index[i] && model->features[model->index[i] - 1].hash != hash) {
        i = (i + 1) & model->mask;
    }
    return i;
}

/* False when that takes too long. The first of two with the same hash is forgotten. */
static bool index_feature(struct model *model, uint32_t number)
{
    uint32_t hash = model->features[number].hash;
    size_t place = place_of(model, hash);
    model->index[place] = number + 1;
    return ((place - hash) & model->mask) < PROBES_MAX;
}

static void read_features(struct reader *r, struct model *model)
{
    size_t places = 64;
    while (places < (size_t)model->feature_count * 3 / 2) {
        places *= 2;
    }
    model->mask = places - 1;
    model->index = mem_alloc(places * sizeof(*model->index));
    model->features = mem_alloc(((size_t)model->feature_count + 1) * sizeof(*model->features));
    uint32_t last = 0;
    for (uint32_t n = 0; n < model->feature_count && !r->bad; n++) {
        struct model_feature feature = {.hash = take_u32(r), .first = take_u32(r)};
        r->bad = r->bad || feature.hash == 0 || feature.first > model->weight_count ||
                 feature.first < last;
        last = feature.first;
        model->features[n] = feature;
        r->bad = r->bad || !index_feature(model, n);
    }
    model->features[model->feature_count].first = model->weight_count;
}

static void read_weights(struct reader *r, struct model *model)
{
    model->weights = mem_alloc(((size_t)model->weight_count + 1) * sizeof(*model->weights));
    const unsigned char *p = take(r, (size_t)model->weight_count * 2);
    for (uint32_t i = 0; p && i < model->weight_count; i++) {
        model->weights[i] = (struct model_weight){.cls = p[2 * i], .value = (int8_t)p[2 * i + 1]};
        r->bad = r->bad || p[2 * i] >= model->class_count;
    }
}

static bool read_model(struct reader *r, struct model *model)
{
    const unsigned char *magic = take(r, 8);
    if (!magic || memcmp(magic, "WMDL1\0\0\0", 8) != 0) {
        return false;
    }
    uint32_t low = take_u32(r), high = take_u32(r);
    model->corpus = (uint64_t)high << 32 | low;
    model->class_count = take_u32(r);
    model->dims = take_u32(r);
    model->feature_count = take_u32(r);
    model->weight_count = take_u32(r);
    if (r->bad || model->class_count == 0 || model->class_count > MODEL_CLASSES_MAX ||
        model->dims > DIMS_MAX || model->feature_count > r->size / 8 ||
        model->weight_count > r->size / 2) {
        return false;
    }
    model->columns =
        mem_alloc(((size_t)model->class_count * model->dims + 1) * sizeof(*model->columns));
    for (uint32_t i = 0; i < model->class_count; i++) {
        read_class(r, model, i);
    }
    read_features(r, model);
    read_weights(r, model);
    return !r->bad && r->at == r->size;
}

bool model_load(const char *path, struct model **ret, struct error *err)
{
    struct buf buf;
    buf_init(&buf, FILE_MAX);
    if (!buf_read_unnamed(&buf, path, err)) {
        buf_finish(&buf);
        return false;
    }
    struct reader r = {.bytes = (const unsigned char *)buf.data, .size = buf.len};
    struct model *model = mem_alloc(sizeof(*model));
    bool fine = read_model(&r, model);
    buf_finish(&buf);
    if (!fine) {
        model_destroy(model);
        return error_set(err, ERROR_INPUT,
                         "is no model of this version, or damaged; `whether train` makes it anew");
    }
    *ret = model;
    return true;
}

void model_destroy(struct model *model)
{
    if (model) {
        mem_free(model->index);
        mem_free(model->features);
        mem_free(model->weights);
        mem_free(model->columns);
        mem_free(model);
    }
}

int model_class_find(const struct model *model, const char *name)
{
    for (uint32_t i = 0; model && i < model->class_count; i++) {
        if (strcmp(model->classes[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const struct model_feature *model_find(const struct model *model, uint32_t hash)
{
    uint32_t number = model->index[place_of(model, hash)];
    return number ? &model->features[number - 1] : NULL;
}
