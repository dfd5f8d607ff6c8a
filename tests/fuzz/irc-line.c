#include <stdlib.h>
#include <string.h>

#include "adapters/irc_line.h"
#include "adapters/irc_origin.h"
#include "adapters/irc_relay.h"
#include "adapters/irc_sieve.h"
#include "adapters/irc_text.h"
#include "tests/fuzz/fuzz.h"

/*
 * Any bytes from a server: through the relay, as they come and in pieces, and as text of an answer
 * through everything that leaves. The first byte chooses how they are cut and whether SASL is on.
 */

static const struct irc_login_setup setups[] = {
    {.nick = "whether", .username = "w", .realname = "r", .server_password = ""},
    {.nick = "whether",
     .username = "w",
     .realname = "r",
     .server_password = "p",
     .sasl = IRC_SASL_PLAIN,
     .sasl_user = "u",
     .sasl_password = "p"},
    {.nick = "whether",
     .username = "w",
     .realname = "r",
     .sasl = IRC_SASL_EXTERNAL,
     .sasl_user = ""},
};

/* What libircclient must be able to rely on: see irc_sieve.h. */
static void check_client_line(const char *text, size_t len)
{
    struct irc_line line;
    REQUIRE(len > 2 && len <= IRC_CLIENT_LINE_MAX);
    REQUIRE(irc_line_parse(text, len - 2, &line));
    REQUIRE(line.prefix.len > 0 && line.tags.len == 0);
    REQUIRE(line.count >= 1 && line.count <= IRC_CLIENT_PARAMS);
    bool talk = irc_span_is(line.command, "PRIVMSG") || irc_span_is(line.command, "NOTICE");
    REQUIRE(!talk || line.count == 2);
    struct irc_span last = line.params[line.count - 1];
    REQUIRE(!talk || last.len != 1 || *last.at != '\x01');
    REQUIRE(!irc_span_is(line.command, "PING") && !irc_span_is(line.command, "CAP"));
    char prefix[IRC_CLIENT_LINE_MAX];
    struct irc_origin origin;
    irc_span_copy(line.prefix, prefix, sizeof(prefix));
    irc_origin_parse(prefix, &origin);
}

static void check_lines(const struct buf *buf, size_t most, void (*check)(const char *, size_t))
{
    for (size_t at = 0; at < buf->len;) {
        const char *feed = memchr(buf->data + at, '\n', buf->len - at);
        REQUIRE(feed && feed > buf->data && feed[-1] == '\r');
        size_t len = (size_t)(feed + 1 - buf->data) - at;
        REQUIRE(len <= most && !memchr(buf->data + at, '\0', len));
        REQUIRE(!memchr(buf->data + at, '\r', len - 2));
        if (check) {
            check(buf->data + at, len);
        }
        at += len;
    }
}

static bool has(const char *bytes, size_t len, const char *word)
{
    size_t word_len = strlen(word);
    for (size_t i = 0; i + word_len <= len; i++) {
        if (memcmp(bytes + i, word, word_len) == 0) {
            return true;
        }
    }
    return false;
}

static void through_relay(const struct irc_login_setup *setup, const char *bytes, size_t len,
                          size_t piece)
{
    struct irc_relay relay;
    irc_relay_init(&relay, setup);
    irc_relay_begin(&relay);
    for (size_t at = 0; at < len; at += piece) {
        irc_relay_from_server(&relay, bytes + at, len - at < piece ? len - at : piece);
    }
    irc_relay_from_client(&relay, "NICK x\r\nUSER x x x x\r\n", 22);
    irc_relay_from_client(&relay, bytes, len);
    check_lines(&relay.to_client, IRC_CLIENT_LINE_MAX, check_client_line);
    check_lines(&relay.to_server, IRC_LINE_MAX, NULL);
    bool proven = has(bytes, len, "903") || has(bytes, len, "907");
    REQUIRE(setup->sasl == IRC_SASL_NO || relay.login.step != IRC_STEP_OPEN || proven);
    irc_relay_finish(&relay);
}

static void as_answer(const char *bytes, size_t len)
{
    char line[IRC_LINE_MAX + 1], text[IRC_LINE_MAX];
    bool valid = fuzz_utf8_valid(bytes, len);
    struct irc_span piece;
    for (size_t at = 0, before = 0; irc_text_split(bytes, len, 80, &at, &piece); before = at) {
        REQUIRE(at > before && piece.len > 0 && piece.len <= 80);
        REQUIRE(!memchr(piece.at, '\n', piece.len));
        REQUIRE(!valid || fuzz_utf8_valid(piece.at, piece.len));
        irc_span_copy(piece, text, sizeof(text));
        const char *const words[] = {"PRIVMSG", text, NULL};
        REQUIRE(irc_line_format(line, (const char *const[]){"PRIVMSG", "#a", NULL}, text));
        REQUIRE(strcspn(line, "\r\n") + 2 == strlen(line) && strlen(line) <= IRC_LINE_MAX);
        if (irc_line_format(line, words, text)) {
            REQUIRE(strcspn(line, "\r\n") + 2 == strlen(line));
        }
    }
}

static void as_text(const char *bytes, size_t len)
{
    char *text = malloc(len + 1);
    REQUIRE(text);
    memcpy(text, bytes, len);
    size_t kept = irc_text_strip(text, len);
    REQUIRE(kept <= len);
    text[kept] = '\0';
    for (size_t i = 0; i < kept; i++) {
        REQUIRE((unsigned char)text[i] >= 0x20 && text[i] != 0x7F);
    }
    const char *rest = irc_text_addressed(text, "whether", IRC_RFC1459);
    REQUIRE(!rest || (rest >= text && rest <= text + kept));
    int64_t ms;
    irc_time_parse(text, &ms);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const char *bytes = (const char *)data + 1;
    static const size_t pieces[] = {1 << 20, 1, 7, 512};
    through_relay(&setups[data[0] % 3], bytes, size - 1, pieces[data[0] / 3 % 4]);
    as_answer(bytes, size - 1);
    as_text(bytes, size - 1);
    return 0;
}
