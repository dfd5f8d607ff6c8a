#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_nick.h"
#include "adapters/irc_text.h"
#include "bot/base/mem.h"

static struct irc_support support_with(size_t nick_len)
{
    struct irc_support support;
    irc_support_init(&support);
    support.nick_len = nick_len;
    return support;
}

static struct irc_nick named(const char *name)
{
    struct irc_nick nick = {.user_len = 0};
    irc_nick_set(&nick, name);
    return nick;
}

static void test_ours(void **state)
{
    (void)state;
    struct irc_nick nick = named("Whether[1]");
    assert_true(irc_nick_is(&nick, IRC_RFC1459, "whether{1}"));
    assert_false(irc_nick_is(&nick, IRC_ASCII, "whether{1}"));
    assert_false(irc_nick_is(&nick, IRC_RFC1459, "whether"));
    nick = named("");
    assert_false(irc_nick_is(&nick, IRC_RFC1459, "")); /* none yet: nobody's is ours */
}

static void test_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *has, *wants;
        size_t nick_len;
        bool same;
    } rows[] = {
        {"whether", "whether", 9, true},
        {"WHETHER", "whether", 9, true},
        {"whether_", "whether", 9, false},
        {"whet", "whether", 4, true}, /* the server cut it: more cannot be had */
        {"whet", "whether", 9, false},
        {"whether", "whether", 4, true}, /* it says four, and lets us have seven */
        {"", "whether", 9, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct irc_nick nick = named(rows[i].has);
        struct irc_support support = support_with(rows[i].nick_len);
        assert_int_equal(irc_nick_is_wanted(&nick, &support, rows[i].wants), rows[i].same);
    }
}

/* I1: what JOIN and 396 tell of ":nick!user@host ", in any order. */
static void test_prefix(void **state)
{
    (void)state;
    struct irc_nick nick = named("whether");
    assert_int_equal(irc_nick_prefix_len(&nick), 0);
    /* A cloak comes before the first channel: nobody has told the user yet. */
    irc_nick_displayed(&nick, "user/whether");
    assert_int_equal(irc_nick_prefix_len(&nick), 0);
    irc_nick_seen(&nick, strlen("~w"), strlen("home.example"));
    assert_int_equal(irc_nick_prefix_len(&nick), strlen(":whether!~w@home.example "));
    irc_nick_displayed(&nick, "user/whether");
    assert_int_equal(irc_nick_prefix_len(&nick), strlen(":whether!~w@user/whether "));
    irc_nick_set(&nick, "w");
    assert_int_equal(irc_nick_prefix_len(&nick), strlen(":w!~w@user/whether "));
    irc_nick_displayed(&nick, "ident@vhost.example");
    assert_int_equal(irc_nick_prefix_len(&nick), strlen(":w!ident@vhost.example "));
    irc_nick_displayed(&nick, "");
    assert_int_equal(irc_nick_prefix_len(&nick), 0);
    irc_nick_displayed(&nick, "@host");
    assert_int_equal(irc_nick_prefix_len(&nick), 0);
    irc_nick_seen(&nick, 0, 0);
    assert_int_equal(irc_nick_prefix_len(&nick), 0);
}

/* I1: while only the host is known, no line is longer than what the server takes for the most. */
static void test_room_before_the_first_join(void **state)
{
    (void)state;
    struct irc_nick nick = named("whether");
    irc_nick_displayed(&nick, "h");
    size_t room = irc_text_room(irc_nick_prefix_len(&nick), nick.name, "PRIVMSG", "bob");
    assert_true(strlen(":whether!0123456789@h PRIVMSG bob :\r\n") + room <= IRC_LINE_MAX);
}

/* I11 */
static void test_substitutes(void **state)
{
    (void)state;
    static const struct {
        const char *wanted;
        size_t nick_len;
        unsigned n;
        const char *nick;
    } rows[] = {
        {"whether", 9, 1, "whether_"},
        {"whether", 9, 2, "whether__"},
        {"whether", 9, 3, "whether3"},
        {"whether", 4, 1, "whether_"},
        {"whether", 4, 9, "whether9"},
        {"whether", 4, 10, "wh10"},
        {"whether", 30, 13, "whether13"},
        {"whether", 9, 20, "whether20"},
        /* Longer than the server lets nicks be, who cuts them all to the one that is taken. */
        {"whether-advisor", 9, 1, "whether-advisor_"},
        {"whether-advisor", 9, 10, "whether10"},
        {"whether-advisor", 30, 10, "whether-advisor10"},
        {"whether-advisor", 9, 20, "whether20"},
    };
    char nick[IRC_NICK_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct irc_support support = support_with(rows[i].nick_len);
        assert_true(irc_nick_substitute(&support, rows[i].wanted, rows[i].n, nick));
        assert_string_equal(nick, rows[i].nick);
    }
    struct irc_support support = support_with(9);
    assert_false(irc_nick_substitute(&support, "whether", 21, nick));
}

/* As long as a nick can be, or longer: cut, never written beyond its end. */
static void test_longest(void **state)
{
    (void)state;
    char longest[200], nick[IRC_NICK_MAX];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    struct irc_support support = support_with(IRC_NICK_MAX - 1);
    for (unsigned n = 1; irc_nick_substitute(&support, longest, n, nick); n++) {
        assert_int_equal(strlen(nick), IRC_NICK_MAX - 1);
        assert_true(nick[IRC_NICK_MAX - 2] != 'x');
    }
    struct irc_nick cut = named(longest);
    assert_int_equal(strlen(cut.name), IRC_NICK_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ours),        cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_prefix),      cmocka_unit_test(test_room_before_the_first_join),
        cmocka_unit_test(test_substitutes), cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
