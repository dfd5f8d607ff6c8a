#include "knowledge/model.h"

#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/bytes.h"
#include "knowledge/net.h"

/* Hashes that crowd into one corner of the index are no accident: looking up must stay short. */
enum { FILE_MAX = 32 * 1024 * 1024, DIMS_MAX = 512, PROBES_MAX = 1024 };

static void read_class(struct bytes *b, struct model *model, uint32_t number)
{
    struct model_class *cls = &model->classes[number];
    const unsigned char *len = bytes_take(b, 1);
    const unsigned char *name = len ? bytes_take(b, *len) : NULL;
    if (!name || *len >= sizeof(cls->name)) {
        b->bad = true;
        return;
    }
    memcpy(cls->name, name, *len);
    cls->bias = bytes_f32(b);
    cls->scale = bytes_f32(b);
    float dense_scale = bytes_f32(b);
    bytes_f32(b);
    const unsigned char *dense = bytes_take(b, model->dims);
    for (uint32_t d = 0; dense && d < model->dims; d++) {
        model->columns[d * model->stride + number] = dense_scale * (float)(int8_t)dense[d];
    }
}

static struct model_feature *place_of(const struct model *model, uint32_t hash)
{
    size_t i = hash & model->mask;
    while (model->features[i].hash && model->features[i].hash != hash) {
        i = (i + 1) & model->mask;
    }
    return &model->features[i];
}

/* False when that takes too long. Of two with the same hash the last one counts. */
static bool keep_feature(struct model *model, struct model_feature feature)
{
    struct model_feature *place = place_of(model, feature.hash);
    *place = feature;
    return ((size_t)(place - model->features - feature.hash) & model->mask) < PROBES_MAX;
}

/* Each feature's weights end where the next one's begin. */
static void read_features(struct bytes *b, struct model *model)
{
    size_t places = 64;
    while (places < (size_t)model->feature_count * 4 / 3) {
        places *= 2;
    }
    model->mask = places - 1;
    model->features = mem_alloc(places * sizeof(*model->features));
    uint32_t hash = 0, first = 0;
    for (uint32_t n = 0; n <= model->feature_count && !b->bad; n++) {
        bool last = n == model->feature_count;
        uint32_t next_hash = last ? 1 : bytes_u32(b);
        uint32_t next = last ? model->weight_count : bytes_u32(b);
        b->bad = b->bad || next_hash == 0 || next > model->weight_count || next < first ||
                 (n > 0 && next - first > model->class_count);
        if (n > 0 && !b->bad) {
            const struct model_feature feature = {hash, first & MODEL_WEIGHTS_MAX,
                                                  (next - first) & UINT8_MAX};
            b->bad = !keep_feature(model, feature);
        }
        hash = next_hash;
        first = next;
    }
}

static bool classes_exist(const struct model *model, const unsigned char *pairs)
{
    for (uint32_t i = 0; i < model->weight_count; i++) {
        if (pairs[2 * i] >= model->class_count) {
            return false;
        }
    }
    return true;
}

/* From the file's pairs of class and weight to rows, or to pairs that lie elsewhere. */
static void place_weights(struct model *model, struct model_feature *feature,
                          const unsigned char *pairs, uint32_t *row_count, uint32_t *weight_count)
{
    bool many = model_has_row(model, feature);
    int8_t *row = model->rows + *row_count * model->stride;
    struct model_weight *weights = model->weights + *weight_count;
    for (uint32_t i = 0; i < feature->count; i++, pairs += 2) {
        if (many) {
            row[pairs[0]] = (int8_t)pairs[1];
        } else {
            weights[i] = (struct model_weight){.cls = pairs[0], .value = (int8_t)pairs[1]};
        }
    }
    feature->first = (many ? *row_count : *weight_count) & MODEL_WEIGHTS_MAX;
    *(many ? row_count : weight_count) += many ? 1 : feature->count;
}

static void read_weights(struct bytes *b, struct model *model)
{
    const unsigned char *pairs = bytes_take(b, (size_t)model->weight_count * 2);
    b->bad = b->bad || !classes_exist(model, pairs);
    size_t rows = 0, weights = 0;
    for (size_t i = 0; !b->bad && i <= model->mask; i++) {
        bool many = model_has_row(model, &model->features[i]);
        rows += many;
        weights += many ? 0 : model->features[i].count;
    }
    model->rows = mem_alloc(rows * model->stride + 1);
    model->weights = mem_alloc((weights + 1) * sizeof(*model->weights));
    uint32_t row_count = 0, weight_count = 0;
    for (size_t i = 0; !b->bad && i <= model->mask; i++) {
        struct model_feature *feature = &model->features[i];
        place_weights(model, feature, pairs + 2 * (size_t)feature->first, &row_count,
                      &weight_count);
    }
}

static bool read_model(struct bytes *b, struct model *model)
{
    const unsigned char *magic = bytes_take(b, 8);
    int version = magic && memcmp(magic, "WMDL", 4) == 0 ? magic[4] - '0' : 0;
    if (version < 1 || version > 3 || memcmp(magic + 5, "\0\0\0", 3) != 0) {
        return false;
    }
    model->corpus = bytes_u64(b);
    model->class_count = bytes_u32(b);
    model->dims = bytes_u32(b);
    model->feature_count = bytes_u32(b);
    model->weight_count = bytes_u32(b);
    if (b->bad || model->class_count == 0 || model->class_count > MODEL_CLASSES_MAX ||
        model->dims > DIMS_MAX || model->feature_count > b->size / 8 ||
        model->weight_count > b->size / 2 || model->weight_count > MODEL_WEIGHTS_MAX) {
        return false;
    }
    model->stride = (model->class_count + MODEL_BLOCK - 1) / MODEL_BLOCK * MODEL_BLOCK;
    model->columns = mem_alloc((model->stride * model->dims + 1) * sizeof(*model->columns));
    for (uint32_t i = 0; i < model->class_count; i++) {
        read_class(b, model, i);
    }
    read_features(b, model);
    read_weights(b, model);
    b->bad = b->bad || (version >= 2 && !net_take(b, model->class_count, &model->net));
    b->bad = b->bad || (version >= 3 && !trust_take(b, &model->trust));
    return !b->bad && b->at == b->size;
}

bool model_load(const char *path, struct model **ret, struct error *err)
{
    struct buf buf;
    buf_init(&buf, FILE_MAX);
    if (!buf_read_unnamed(&buf, path, err)) {
        buf_finish(&buf);
        return false;
    }
    struct bytes b = {.data = (const unsigned char *)buf.data, .size = buf.len};
    struct model *model = mem_alloc(sizeof(*model));
    bool fine = read_model(&b, model);
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
        mem_free(model->features);
        mem_free(model->weights);
        mem_free(model->rows);
        mem_free(model->columns);
        net_destroy(model->net);
        trust_finish(&model->trust);
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
    const struct model_feature *feature = place_of(model, hash);
    return feature->hash ? feature : NULL;
}
