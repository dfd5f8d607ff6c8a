/*
 * host/redis_link: the password that the first command of a connection holds does not stay in
 * memory, also where that command never leaves or is never answered.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/redis_address.h"
#include "bot/host/redis_link.h"

#define PASSWORD "a-password-of-nobody"

/* What the linker puts in its place (tests/meson.build). */
static int wiped;

void __real_mem_wipe(void *memory, size_t len);
void __wrap_mem_wipe(void *memory, size_t len);
void __wrap_mem_wipe(void *memory, size_t len)
{
    const char *at = memory;
    size_t size = strlen(PASSWORD);
    for (size_t i = 0; i + size <= len; i++) {
        wiped += memcmp(at + i, PASSWORD, size) == 0;
    }
    __real_mem_wipe(memory, len);
}

/* ---- a Redis ---- */

static char folder[] = "/tmp/whether-link-XXXXXX", path[64];
static int listener;
static struct redis_link *wire;
static struct error err;

static int set_up(void **state)
{
    (void)state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const struct redis_tls none = {"", "", ""};
    struct redis_address address = {.local = true, .port = 6379};
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/socket", folder);
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    snprintf(address.host, sizeof(address.host), "%s", path);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(listener, 1), 0);
    err = (struct error){0};
    wiped = 0;
    wire = redis_link_create(&address, &none);
    return redis_link_open(wire, &err) && redis_link_drive(wire, 2000, &err) &&
                   redis_link_state(wire) == REDIS_OPEN
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    redis_link_destroy(wire);
    close(listener);
    unlink(path);
    return rmdir(folder);
}

static void add_password(void)
{
    const char *const words[] = {"AUTH", "default", PASSWORD};
    const size_t lens[] = {strlen("AUTH"), strlen("default"), strlen(PASSWORD)};
    redis_link_add(wire, 3, words, lens);
}

/* The first write meets a connection that is gone. */
static void test_not_sent(void **state)
{
    (void)state;
    redisReply *reply = NULL;
    close(accept(listener, NULL, NULL));
    add_password();
    assert_false(redis_link_run(wire, &reply, 1, &err));
    assert_non_null(strstr(err.text, "the connection broke"));
    assert_int_equal(redis_link_state(wire), REDIS_CLOSED);
    assert_int_equal(wiped, 1);
}

static void test_not_answered(void **state)
{
    (void)state;
    char bytes[200];
    redisReply *reply = NULL;
    int fd = accept(listener, NULL, NULL);
    add_password();
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_false(redis_link_run(wire, &reply, 1, &err));
    assert_in_range(read(fd, bytes, sizeof(bytes)), strlen(PASSWORD), sizeof(bytes));
    assert_int_equal(wiped, 1);
    close(fd);
}

static void test_answered(void **state)
{
    (void)state;
    redisReply *reply = NULL;
    int fd = accept(listener, NULL, NULL);
    add_password();
    assert_int_equal(write(fd, "+OK\r\n", 5), 5);
    assert_true(redis_link_run(wire, &reply, 1, &err));
    assert_string_equal(reply->str, "OK");
    redis_link_free(&reply, 1);
    assert_int_equal(wiped, 1);
    close(fd);
}

/* Given up before it was to be sent. */
static void test_never_run(void **state)
{
    (void)state;
    add_password();
    redis_link_close(wire);
    assert_int_equal(wiped, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(test_not_sent), TEST(test_not_answered),
                                       TEST(test_answered), TEST(test_never_run)};
    return cmocka_run_group_tests_name("redis-link", tests, NULL, NULL);
}
