#include "bot/reader/read.h"

#include <string.h>

#include "bot/base/mem.h"
#include "bot/reader/emphasis.h"
#include "bot/reader/evidence.h"
#include "bot/reader/reader.h"
#include "bot/reader/signals.h"
#include "bot/reader/small_talk.h"
#include "bot/reader/spell.h"
#include "bot/reader/withdraw.h"
#include "knowledge/model.h"
#include "knowledge/vectors.h"

/* ---- building ---- */

static int class_of(const struct model *model, const char *situation, const char *polarity)
{
    char name[sizeof(model->classes[0].name)];
    size_t a = strlen(situation), b = strlen(polarity);
    if (!model || a + b + 2 > sizeof(name)) {
        return -1;
    }
    memcpy(name, situation, a);
    name[a] = ':';
    memcpy(name + a + 1, polarity, b + 1);
    return model_class_find(model, name);
}

struct reader *reader_create(const struct knowledge *knowledge)
{
    struct reader *reader = mem_alloc(sizeof(*reader));
    reader->knowledge = knowledge;
    reader->lexicon = lexicon_create(knowledge);
    for (size_t p = 0; p < knowledge->count; p++) {
        const struct pack *pack = knowledge->packs[p];
        for (size_t i = 0; i < pack->situation_count; i++) {
            reader->classes[p].stated[i] =
                (int16_t)class_of(pack->model, pack->situations[i].id, "stated");
            reader->classes[p].denied[i] =
                (int16_t)class_of(pack->model, pack->situations[i].id, "denied");
        }
        reader->classes[p].denies = (int16_t)model_class_find(pack->model, CLASS_DENIES);
    }
    for (int k = 0; k < KIND_COUNT; k++) {
        reader->kind_class[k] =
            (int16_t)model_class_find(knowledge->kinds, kind_name((enum kind)k));
    }
    return reader;
}

void reader_destroy(struct reader *reader)
{
    if (reader) {
        lexicon_destroy(reader->lexicon);
        mem_free(reader);
    }
}

size_t reader_memory(const struct reader *reader)
{
    return sizeof(*reader) + lexicon_memory(reader->lexicon);
}

const struct knowledge *reader_knowledge(const struct reader *reader)
{
    return reader->knowledge;
}

struct feature_source reader_source(const struct reader *reader, const struct reading *reading)
{
    return (struct feature_source){.tokens = &reading->tokens,
                                   .matches = &reading->matches,
                                   .scopes = &reading->scopes,
                                   .vectors = reader->knowledge->vectors,
                                   .pack = reader->knowledge->packs[reading->pack],
                                   .pack_number = reading->pack};
}

/* ---- reading ---- */

/*
 * The pack whose options the message names; the preferred one, or the main one, when it names
 * none.
 */
static int16_t choose_pack(const struct reader *reader, const struct reading *r, int preferred)
{
    const struct knowledge *knowledge = reader->knowledge;
    int counts[PACKS_MAX] = {0};
    int best = preferred >= 0 ? preferred : knowledge->main;
    for (uint32_t k = 0; k < r->matches.count; k++) {
        if (match_names_option(&r->matches.items[k])) {
            counts[r->matches.items[k].target.pack]++;
        }
    }
    best = best < 0 ? 0 : best;
    for (size_t p = 0; p < knowledge->count; p++) {
        if (!knowledge->packs[p]->pointer && counts[p] > counts[best]) {
            best = (int)p;
        }
    }
    return (int16_t)best;
}

static void forget(struct reading *ret)
{
    ret->evidence_count = 0;
    ret->stated = ret->denied = ret->aside = ret->heavy = ret->light = ret->asked = ret->hinted = 0;
    ret->withdrawn = 0;
    ret->anchor_count = 0;
    ret->others = ret->later = ret->hints = ret->unsaid = ret->faint = 0;
    ret->supposed = ret->doubted = 0;
    ret->heavy_back = ret->light_back = false;
    memset(ret->stated_score, 0, sizeof(ret->stated_score));
    memset(ret->denied_score, 0, sizeof(ret->denied_score));
}

static bool has_cue(const struct reading *r)
{
    for (uint32_t k = 0; k < r->evidence_count; k++) {
        if (r->evidence[k].exact && r->evidence[k].polarity == POLARITY_STATED) {
            return true;
        }
    }
    return false;
}

/*
 * Where the choice is asked and nothing is told that counts, who asks means something by the rest:
 * a cue that is mostly right will do, and of "if you had to build a chat today, Node or Django?"
 * the chat is the project. Who says "wait, it's a wiki" means no less.
 */
static void read_evidence(const struct reader *reader, struct reading *r, uint64_t known)
{
    static const struct evidence_bar usual = {1, 10}, lone = {0.8f, 16};
    evidence_read(reader, r, &usual);
    bool asks = r->signals.option_count > 0 && known == 0;
    if (r->stated || !(asks || r->signals.it_is)) {
        return;
    }
    if (scopes_adopt_premises(&r->scopes, r->tokens.count) || has_cue(r)) {
        forget(r);
        evidence_read(reader, r, &lone);
    }
}

void reader_read(const struct reader *reader, struct reading *ret, struct stemmer *stemmer,
                 const char *bytes, size_t len, int preferred, const struct recalled *recalled)
{
    static const struct recalled nothing = {0};
    const struct knowledge *knowledge = reader->knowledge;
    recalled = recalled ? recalled : &nothing;
    forget(ret);
    net_forget(&ret->net);
    text_read(&ret->text, bytes, len);
    tokens_read(&ret->tokens, &ret->text, stemmer);
    spell_mend(&ret->tokens, reader->lexicon, knowledge->vectors, stemmer);
    lexicon_search(reader->lexicon, &ret->tokens, &ret->matches);
    ret->pack = choose_pack(reader, ret, preferred);
    bool mended = false;
    signals_mend(ret, knowledge, stemmer, &mended);
    if (mended) {
        lexicon_search(reader->lexicon, &ret->tokens, &ret->matches);
    }
    small_talk_drop(ret);
    scopes_read(&ret->scopes, &ret->text, &ret->tokens, &ret->matches, ret->pack,
                recalled->known != 0);
    ret->truncated = ret->text.truncated || ret->tokens.truncated || ret->matches.truncated;
    signals_read(ret, knowledge);
    recalled = ret->pack == preferred ? recalled : &nothing;
    read_evidence(reader, ret, recalled->known);
    withdrawals_read(reader, ret, recalled);
    emphasis_read(reader, ret, recalled->known);
    anchors_read(reader, ret);
}
