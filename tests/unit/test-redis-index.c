/* host/store_redis_index: what is due, against a list that is looked through from end to end. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/host/store_redis_index.h"

enum { IDS = 400, STEPS = 20000, PLACES = 3 };

/* The list: one row an id. */
struct row {
    bool there, under_way;
    int64_t next_ms;
    size_t place;
};

static struct row rows[IDS + 1];
static struct redis_index table;
static struct redis_place *places[PLACES];
static uint32_t chance;

static uint32_t draw(uint32_t below)
{
    chance = chance * 1664525 + 1013904223;
    return (chance >> 8) % below;
}

static void put(int64_t id)
{
    rows[id] = (struct row){true, draw(5) == 0, 1000 + draw(50), (size_t)id % PLACES};
    const struct redis_item item = {.id = id,
                                    .next_ms = rows[id].next_ms,
                                    .created_ms = 10 * id,
                                    .place = places[rows[id].place],
                                    .under_way = rows[id].under_way};
    redis_index_put(&table, &item);
}

static size_t count_rows(void)
{
    size_t count = 0;
    for (size_t i = 1; i <= IDS; i++) {
        count += rows[i].there;
    }
    return count;
}

static bool waits(size_t id, size_t place)
{
    return rows[id].there && !rows[id].under_way && rows[id].place == place;
}

static int64_t next_of(size_t place)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 1; i <= IDS; i++) {
        if (waits(i, place) && rows[i].next_ms < next_ms) {
            next_ms = rows[i].next_ms;
        }
    }
    return next_ms;
}

static void check_due(size_t place, int64_t now_ms)
{
    struct redis_item due[IDS];
    size_t most = 1 + draw(IDS), wanted = 0;
    size_t count = redis_index_due(&table, places[place], now_ms, due, most);
    for (size_t i = 1; i <= IDS; i++) {
        wanted += waits(i, place) && rows[i].next_ms <= now_ms;
    }
    assert_int_equal(count, wanted < most ? wanted : most);
    for (size_t i = 0; i < count; i++) {
        assert_true(waits((size_t)due[i].id, place));
        assert_int_equal(due[i].next_ms, rows[due[i].id].next_ms);
        assert_int_equal(due[i].created_ms, 10 * due[i].id);
        assert_true(i == 0 || due[i - 1].next_ms < due[i].next_ms ||
                    (due[i - 1].next_ms == due[i].next_ms && due[i - 1].id < due[i].id));
    }
    /* What was left out is due no earlier. */
    for (size_t i = 1; i <= IDS && count > 0 && count == most; i++) {
        bool earlier = waits(i, place) && rows[i].next_ms < due[count - 1].next_ms, told = false;
        for (size_t j = 0; j < count; j++) {
            told = told || due[j].id == (int64_t)i;
        }
        assert_true(!earlier || told);
    }
}

static void check_walk(void)
{
    int64_t ids[64];
    bool seen[IDS + 1] = {false};
    size_t at = 0, count, total = 0;
    while ((count = redis_index_walk(&table, &at, ids, ARRAY_LEN(ids))) > 0) {
        for (size_t i = 0; i < count; i++) {
            assert_true(rows[ids[i]].there && !seen[ids[i]]);
            seen[ids[i]] = true;
        }
        total += count;
    }
    assert_int_equal(total, count_rows());
}

static void clear(const struct redis_place *place)
{
    redis_index_clear(&table, place);
    for (size_t i = 1; i <= IDS; i++) {
        rows[i].there = rows[i].there && place != NULL && places[rows[i].place] != place;
    }
}

static void hurry(void)
{
    int64_t latest_ms = 1000 + draw(50);
    redis_index_hurry(&table, 990, latest_ms);
    for (size_t i = 1; i <= IDS; i++) {
        if (rows[i].there && !rows[i].under_way && rows[i].next_ms > latest_ms) {
            rows[i].next_ms = 990;
        }
    }
}

/* As the outbox does it: what was said once holds until the place is told to have changed. */
static void check_told(int64_t said[PLACES])
{
    const struct redis_place *place;
    while ((place = redis_index_changed(&table)) != NULL) {
        for (size_t i = 0; i < PLACES; i++) {
            said[i] = places[i] == place ? next_of(i) : said[i];
        }
    }
    for (size_t i = 0; i < PLACES; i++) {
        assert_true(said[i] == next_of(i));
    }
}

static void step(void)
{
    int64_t id = 1 + draw(IDS);
    uint32_t what = draw(1000);
    if (what < 600) {
        put(id);
    } else if (what < 990) {
        redis_index_remove(&table, id);
        rows[id].there = false;
    } else if (what < 995) {
        hurry();
    } else if (what < 999) {
        clear(places[draw(PLACES)]);
    } else {
        clear(NULL);
    }
}

static void test_as_a_list(void **state)
{
    (void)state;
    static const char *const names[PLACES] = {"slack", "irc b", "irc a"};
    int64_t said[PLACES] = {INT64_MAX, INT64_MAX, INT64_MAX};
    memset(rows, 0, sizeof(rows));
    redis_index_init(&table);
    for (chance = 1; chance < 4; chance++) {
        uint32_t seed = chance;
        for (size_t i = 0; i < PLACES; i++) {
            places[i] = redis_index_place(&table, names[i]);
        }
        for (int i = 0; i < STEPS; i++) {
            step();
            size_t id = 1 + draw(IDS), place = draw(PLACES);
            const struct redis_item *item = redis_index_find(&table, (int64_t)id);
            assert_int_equal(item != NULL, rows[id].there);
            assert_int_equal(table.count, count_rows());
            assert_true(redis_index_next(&table, places[place]) == next_of(place));
            if (i % 2 == 0) {
                check_told(said);
            }
            if (i % 16 == 0) {
                check_due(place, 995 + draw(60));
                check_walk();
            }
        }
        clear(NULL);
        chance = seed;
    }
    redis_index_finish(&table);
}

/* Learned anew again and again, as with a Redis that comes and goes: nothing of before is kept. */
static void test_learned_anew(void **state)
{
    (void)state;
    redis_index_init(&table);
    places[0] = redis_index_place(&table, "slack");
    places[1] = redis_index_place(&table, "irc a");
    for (int round = 0; round < 100; round++) {
        redis_index_clear(&table, round % 2 == 0 ? NULL : places[0]);
        for (int64_t id = 1; id <= IDS; id++) {
            const struct redis_item item = {.id = id, .next_ms = 1000, .place = places[0]};
            redis_index_put(&table, &item);
        }
        const struct redis_item other = {.id = IDS + 1, .next_ms = 7, .place = places[1]};
        redis_index_put(&table, &other);
        assert_int_equal(redis_index_next(&table, places[0]), 1000);
        assert_int_equal(redis_index_next(&table, places[1]), 7);
        assert_int_equal(places[0]->count, IDS);
    }
    assert_in_range(places[1]->count, 1, 2); /* what is not cleared may be put in once more */
    redis_index_finish(&table);
}

/* A place is made once, stays where it is, and they stand in the order of their names. */
static void test_places(void **state)
{
    (void)state;
    static const char *const names[] = {"m", "a", "z", "m", "", "b", "z"};
    const struct redis_place *made[ARRAY_LEN(names)];
    redis_index_init(&table);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        made[i] = redis_index_place(&table, names[i]);
        assert_string_equal(made[i]->name, names[i]);
    }
    assert_ptr_equal(made[0], made[3]);
    assert_ptr_equal(made[2], made[6]);
    assert_ptr_equal(redis_index_known(&table, "b"), made[5]);
    assert_null(redis_index_known(&table, "bb"));
    assert_null(redis_index_known(&table, "zz"));
    assert_int_equal(table.place_count, 5);
    for (int i = 0; i < 2000; i++) {
        char name[20];
        snprintf(name, sizeof(name), "slack %d", (i * 7) % 1000);
        assert_string_equal(redis_index_place(&table, name)->name, name);
    }
    assert_int_equal(table.place_count, 1005);
    for (size_t i = 1; i < table.place_count; i++) {
        assert_true(strcmp(table.places[i - 1]->name, table.places[i]->name) < 0);
    }
    redis_index_finish(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_a_list),
                                       cmocka_unit_test(test_learned_anew),
                                       cmocka_unit_test(test_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
