#include "bot/host/guard.h"

#include "bot/base/hash.h"
#include "bot/base/mem.h"

enum { WAYS = 4, SETS = GUARD_PEOPLE_MAX / WAYS, PAST = 8, TENTH_MS = 100 };
_Static_assert((SETS & (SETS - 1)) == 0, "SETS is a power of two");

/*
 * Small, since there are eight of each kind for each of thousands. The time goes round in 13 years,
 * which no window notices.
 */
struct said {
    uint32_t hash; /* 0: nothing */
    uint32_t at;   /* in tenths of a second */
};

/* The last few things that they said, and that they were told. */
struct past {
    struct said items[PAST];
    uint32_t next;
};

struct person {
    uint64_t who; /* 0: nobody */
    int64_t seen_ms;
    int64_t rests_until_ms; /* none before, and each word of theirs moves it on; 0: no such rest */
    int64_t paid_until_ms;  /* what they have used up, as a time: each answer moves it on */
    int64_t told_ms;        /* when we said that we fall silent; 0: never */
    struct past theirs, ours;
    uint64_t turn; /* in which it was changed last */
};

/* Somebody as they were before this turn. */
struct before {
    struct person *place;
    struct person person;
};

struct guard {
    struct person people[SETS][WAYS];
    uint64_t turn; /* counts; never 0 */
    struct before *changed;
    size_t changed_count, changed_cap;
};

struct guard *guard_create(void)
{
    struct guard *guard = mem_alloc(sizeof(*guard));
    guard->turn = 1;
    return guard;
}

void guard_destroy(struct guard *guard)
{
    if (guard != NULL) {
        mem_free(guard->changed);
        mem_free(guard);
    }
}

uint64_t guard_hash(const char *text, size_t len)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a, as in hash.h, over what counts alone */
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        byte = byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : byte;
        if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte >= 0x80) {
            hash = (hash ^ byte) * 1099511628211u;
        }
    }
    return hash;
}

/* Remembers how it was, once a turn. */
static void remember(struct guard *guard, struct person *person)
{
    if (person->turn == guard->turn) {
        return;
    }
    if (guard->changed_count == guard->changed_cap) {
        guard->changed_cap = guard->changed_cap == 0 ? 16 : guard->changed_cap * 2;
        guard->changed = mem_grow(guard->changed, guard->changed_cap, sizeof(*guard->changed));
    }
    guard->changed[guard->changed_count++] = (struct before){person, *person};
    person->turn = guard->turn;
}

/* Theirs, or that of whoever was heard of longest ago among those who share its place. */
static struct person *find(struct guard *guard, uint64_t who, int64_t now_ms)
{
    struct person *set = guard->people[hash_place(who, SETS - 1)], *person = &set[0];
    for (size_t i = 0; i < WAYS && person->who != who; i++) {
        person = set[i].who == who || set[i].seen_ms < person->seen_ms ? &set[i] : person;
    }
    remember(guard, person);
    if (person->who != who) {
        *person = (struct person){.who = who, .turn = guard->turn};
    }
    person->seen_ms = now_ms;
    return person;
}

/* How often it was among the last ones within the window; now it is one of them. */
static size_t note(struct past *past, uint64_t hash, int64_t window_ms, int64_t now_ms)
{
    uint32_t folded = (uint32_t)hash_place(hash, UINT32_MAX);
    uint32_t now = (uint32_t)(now_ms / TENTH_MS);
    size_t count = 0;
    folded = folded ? folded : 1;
    for (size_t i = 0; i < PAST; i++) {
        const struct said *said = &past->items[i];
        /* A clock that was set back makes it long ago: the past must not become eternal. */
        bool recent = now - said->at < (uint32_t)(window_ms / TENTH_MS);
        count += recent && said->hash == folded;
    }
    past->items[past->next] = (struct said){folded, now};
    past->next = (past->next + 1) % PAST;
    return count;
}

/* A bucket of GUARD_BURST answers, kept as the moment at which it would be full again. */
static bool pay(struct person *person, int64_t cost, int64_t now_ms)
{
    int64_t full = (int64_t)GUARD_BURST * GUARD_REFILL_MS;
    int64_t from = person->paid_until_ms > now_ms ? person->paid_until_ms : now_ms;
    from = from - now_ms > full ? now_ms + full : from; /* the clock was set back */
    bool fine = from + cost * GUARD_REFILL_MS <= now_ms + full;
    person->paid_until_ms = fine ? from + cost * GUARD_REFILL_MS : from;
    return fine;
}

enum guard_reason guard_hear(struct guard *guard, uint64_t who, uint64_t text, bool quiet,
                             int64_t now_ms)
{
    struct person *person = find(guard, who, now_ms);
    size_t most = quiet ? 1 : GUARD_REPEATS_MAX;
    if (note(&person->theirs, text, quiet ? GUARD_QUIET_WINDOW_MS : GUARD_WINDOW_MS, now_ms) >=
        most) {
        return GUARD_REPEAT;
    }
    bool rests = person->rests_until_ms > now_ms &&
                 person->rests_until_ms - now_ms <= GUARD_REST_MS; /* else the clock was set back */
    if (rests || !pay(person, quiet ? GUARD_QUIET_COST : 1, now_ms)) {
        person->rests_until_ms = now_ms + GUARD_REST_MS;
        return GUARD_BUDGET;
    }
    return GUARD_FINE;
}

enum guard_reason guard_say(struct guard *guard, uint64_t who, uint64_t answer, bool quiet,
                            int64_t now_ms)
{
    struct person *person = find(guard, who, now_ms);
    size_t most = quiet ? 1 : GUARD_ECHOES_MAX;
    size_t before =
        note(&person->ours, answer, quiet ? GUARD_QUIET_WINDOW_MS : GUARD_WINDOW_MS, now_ms);
    return before >= most ? GUARD_ECHO : GUARD_FINE;
}

bool guard_tell(struct guard *guard, uint64_t who, int64_t now_ms)
{
    struct person *person = find(guard, who, now_ms);
    bool told = person->told_ms != 0 && now_ms - person->told_ms < GUARD_TOLD_MS &&
                person->told_ms <= now_ms; /* else the clock was set back */
    person->told_ms = told ? person->told_ms : now_ms;
    return !told;
}

void guard_keep(struct guard *guard)
{
    guard->changed_count = 0;
    guard->turn++;
}

void guard_undo(struct guard *guard)
{
    for (size_t i = 0; i < guard->changed_count; i++) {
        *guard->changed[i].place = guard->changed[i].person;
    }
    guard_keep(guard);
}

const char *guard_reason_name(enum guard_reason reason)
{
    static const char *const names[] = {"fine", "repeat", "echo", "budget"};
    return names[reason];
}
