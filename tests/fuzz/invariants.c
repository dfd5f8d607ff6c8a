#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/advisor/wording.h"
#include "bot/advisor/workspace.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "knowledge/learned.h"
#include "knowledge/load.h"
#include "tests/fuzz/fuzz.h"

enum { WORDED_MAX = 64 * 1024 };

_Noreturn void fuzz_broken(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, condition);
    abort();
}

const struct bench *fuzz_bench(void)
{
    static struct bench bench;
    if (!bench.advisor) {
        const char *path = WHETHER_SOURCE "/knowledge";
        struct knowledge *knowledge = NULL;
        struct fault_list faults = {0};
        REQUIRE(knowledge_load(&path, 1, &knowledge, &faults));
        REQUIRE(learned_load(knowledge, LEARNED_ALL, NULL, &faults));
        bench.knowledge = knowledge;
        bench.advisor = advisor_create(knowledge);
        bench.workspace = workspace_create(bench.advisor);
    }
    return &bench;
}

/*
 * The length of the UTF-8 sequence that starts here, 0 where none does: RFC 3629, neither overlong
 * nor a surrogate.
 */
static size_t sequence_len(const unsigned char *at, size_t left)
{
    size_t len = at[0] < 0x80   ? 1
                 : at[0] < 0xc2 ? 0
                 : at[0] < 0xe0 ? 2
                 : at[0] < 0xf0 ? 3
                 : at[0] < 0xf5 ? 4
                                : 0;
    if (len == 0 || len > left) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool bad = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
               (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f);
    return bad ? 0 : len;
}

bool fuzz_utf8_valid(const char *text, size_t len)
{
    for (size_t at = 0, step; at < len; at += step) {
        step = sequence_len((const unsigned char *)text + at, len - at);
        if (step == 0) {
            return false;
        }
    }
    return true;
}

static bool is_finite(float value)
{
    return value - value == 0;
}

static void check_tokens(const struct reading *r, size_t size)
{
    REQUIRE(r->text.len <= TEXT_NORMAL_MAX && r->text.line_count <= TEXT_LINES_MAX);
    REQUIRE(r->tokens.count <= TOKENS_MAX);
    for (uint32_t i = 0; i < r->tokens.count; i++) {
        const struct token *token = &r->tokens.items[i];
        REQUIRE(token->start <= token->end && token->end <= size);
        REQUIRE(token->line < r->text.line_count && token->border <= BORDER_PARAGRAPH);
        REQUIRE(token->word && token->stem && token->len > 0 && token->len < WORD_MAX);
        REQUIRE(strlen(token->letters) == token->len);
    }
}

static void check_matches(const struct reading *r, const struct knowledge *knowledge)
{
    REQUIRE(r->matches.count <= MATCHES_MAX);
    for (uint32_t k = 0; k < r->matches.count; k++) {
        const struct match *match = &r->matches.items[k];
        REQUIRE(match->first <= match->last && match->last < r->tokens.count);
        REQUIRE(k == 0 || match[-1].first <= match->first);
        REQUIRE(match->target.pack < (int)knowledge->count);
        REQUIRE(matches_from(&r->matches, match->first) <= k);
    }
}

/* Clauses lie in sentences, and both cover all words. */
static void check_scopes(const struct reading *r)
{
    const struct scopes *s = &r->scopes;
    for (uint32_t i = 0; i < r->tokens.count; i++) {
        REQUIRE(s->sentence_first[i] <= s->clause_first[i] && s->clause_first[i] <= i);
        REQUIRE(i <= s->clause_last[i] && s->clause_last[i] <= s->sentence_last[i]);
        REQUIRE(s->sentence_last[i] < r->tokens.count);
        REQUIRE(s->sentence_last[i] - s->sentence_first[i] < SENTENCE_LIMIT);
    }
    REQUIRE(s->unit_count <= UNITS_MAX);
    for (uint32_t u = 0; u < s->unit_count; u++) {
        REQUIRE(s->units[u].first <= s->units[u].last && s->units[u].last < r->tokens.count);
    }
}

static void check_evidence(const struct reading *r, const struct pack *pack)
{
    REQUIRE(r->evidence_count <= EVIDENCE_MAX && r->anchor_count <= ANCHORS_MAX);
    for (uint32_t k = 0; k < r->evidence_count; k++) {
        const struct evidence *e = &r->evidence[k];
        REQUIRE(e->situation < pack->situation_count && e->polarity <= POLARITY_ASIDE);
        REQUIRE(e->first <= e->last && e->last < r->tokens.count);
        REQUIRE(is_finite(e->score) && is_finite(e->linear) && is_finite(e->net));
    }
    for (size_t i = 0; i < pack->situation_count; i++) {
        REQUIRE(is_finite(r->stated_score[i]) && is_finite(r->denied_score[i]));
    }
    for (size_t k = 0; k < r->anchor_count; k++) {
        REQUIRE(r->anchors[k].situation < pack->situation_count);
    }
    REQUIRE(!(r->stated & r->denied) && !(r->heavy & r->light) && !(r->faint & ~r->stated));
}

static void check_signals(const struct signals *s, const struct pack *pack)
{
    REQUIRE(s->option_count <= pack->option_count && !(s->options >> pack->option_count));
    REQUIRE((s->option_count == 0) == (s->first_option < 0));
    REQUIRE((s->first_option < 0) == (s->last_option < 0));
    REQUIRE(s->alternatives == 0 || (s->alternatives & (s->alternatives - 1)));
    REQUIRE(!(s->alternatives & ~s->options));
    REQUIRE(s->fact < (int)pack->fact_count);
}

void fuzz_check_reading(const struct bench *bench, size_t size)
{
    const struct reading *r = &bench->workspace->reading;
    const struct pack *pack = bench->knowledge->packs[r->pack];
    check_tokens(r, size);
    check_matches(r, bench->knowledge);
    check_scopes(r);
    check_evidence(r, pack);
    check_signals(&r->signals, pack);
    REQUIRE(r->features.count <= FEATURES_MAX);
    for (uint32_t i = 0; i < r->features.count; i++) {
        REQUIRE(is_finite(r->features.items[i].value));
    }
    for (int k = 0; k < KIND_COUNT; k++) {
        REQUIRE(is_finite(bench->workspace->kind_scores[k]));
    }
}

static void check_facts(const struct facts *facts, const struct pack *pack)
{
    REQUIRE(!(facts->stated & facts->denied));
    REQUIRE(!(facts->heavy & ~facts->stated));
    REQUIRE(!(facts->light & ~facts->stated));
    REQUIRE(!(facts->heavy & facts->light));
    if (pack && pack->situation_count < PACK_SITUATIONS_MAX) {
        REQUIRE(!((facts->stated | facts->denied) >> pack->situation_count));
    }
}

static void check_verdict(const struct verdict *verdict, const struct pack *pack)
{
    int options = pack ? (int)pack->option_count : 0;
    REQUIRE(verdict->kind <= VERDICT_ASK);
    REQUIRE((verdict->kind == VERDICT_OPTION) == (verdict->option >= 0));
    REQUIRE(verdict->option < options || verdict->option == -1);
    REQUIRE(verdict->fired_count <= VERDICT_RULES_MAX);
    REQUIRE(verdict->flip_count <= VERDICT_FLIPS_MAX);
    for (size_t i = 0; pack && i < verdict->fired_count; i++) {
        REQUIRE(verdict->fired[i] < pack->rule_count);
    }
    REQUIRE(!pack || verdict->asks < (int)pack->situation_count);
}

static void check_reply(const struct reply *reply)
{
    REQUIRE(reply->block_count <= REPLY_BLOCKS_MAX);
    REQUIRE(reply->text_len <= REPLY_TEXT_MAX);
    REQUIRE(reply->text[0] == '\0');
    for (size_t i = 0; i < reply->block_count; i++) {
        const struct block *block = &reply->blocks[i];
        REQUIRE(block->type <= BLOCK_SOURCE);
        REQUIRE(block->text > 0 && (size_t)block->text + block->len < REPLY_TEXT_MAX);
        REQUIRE(reply->text[block->text + block->len] == '\0');
        REQUIRE(memchr(reply->text + block->text, '\r', block->len) == NULL);
        REQUIRE(block->type == BLOCK_CODE || !memchr(reply->text + block->text, '\n', block->len));
        REQUIRE(block->link == 0 ||
                memchr(reply->text + block->link, '\0', (size_t)REPLY_TEXT_MAX - block->link));
    }
}

static void check_wordings(const struct reply *reply)
{
    struct buf worded;
    buf_init(&worded, WORDED_MAX);
    for (int wording = WORDING_PLAIN; wording <= WORDING_MARKDOWN; wording++) {
        buf_clear(&worded);
        REQUIRE(wording_format(reply, (enum wording)wording, &worded));
        REQUIRE(fuzz_utf8_valid(worded.data ? worded.data : "", worded.len));
        REQUIRE(worded.len == 0 || !memchr(worded.data, '\0', worded.len));
    }
    buf_clear(&worded);
    REQUIRE(wording_slack_blocks(reply, &worded));
    REQUIRE(fuzz_utf8_valid(worded.data ? worded.data : "", worded.len));
    buf_finish(&worded);
}

void fuzz_check_turn(const struct conversation *conversation, const struct outcome *outcome)
{
    REQUIRE(outcome->kind < KIND_COUNT);
    REQUIRE(outcome->ask.about < ASK_COUNT);
    REQUIRE(conversation->project < CONVERSATION_PROJECTS);
    check_facts(&outcome->facts, outcome->pack);
    for (size_t i = 0; i < CONVERSATION_PROJECTS; i++) {
        check_facts(&conversation->projects[i].facts, NULL);
    }
    REQUIRE(outcome->kind == KIND_VERDICT || outcome->verdict.kind == VERDICT_NONE);
    check_verdict(&outcome->verdict, outcome->pack);
    check_verdict(&outcome->standing, outcome->pack);
}

void fuzz_check_reply(const struct advisor *advisor, const struct outcome *outcome,
                      enum reply_length length)
{
    struct request request;
    struct reply reply;
    outcome_request(advisor, outcome, &request);
    reply_build(&request, length, &reply);
    check_reply(&reply);
    check_wordings(&reply);
}
