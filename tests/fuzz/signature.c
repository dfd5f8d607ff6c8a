#include <string.h>
#include <strings.h>

#include "adapters/signature.h"
#include "bot/host/secret.h"
#include "tests/fuzz/fuzz.h"

/*
 * Header of the signature, header of the time and body, a line each: never good, unless it is the
 * very request that was signed.
 */
#define TRUE_SIGNATURE "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"

enum { HEADER_MAX = 300 };

static size_t take_line(const uint8_t **data, size_t *size, char ret[HEADER_MAX])
{
    size_t len = 0;
    while (len < *size && (*data)[len] != '\n') {
        len++;
    }
    size_t kept = len < HEADER_MAX - 1 ? len : HEADER_MAX - 1;
    memcpy(ret, *data, kept);
    ret[kept] = '\0';
    len += len < *size;
    *data += len;
    *size -= len;
    return kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char key[] = "8f742231b10e8888abcd99yyyzzz85a5", other[] = "other";
    const struct secret secret = {.items = {other, key}, .count = 2};
    static const struct signature_scheme untimed = {.header = "X", .prefix = "sha256="};
    char given[HEADER_MAX], time[HEADER_MAX];
    take_line(&data, &size, given);
    take_line(&data, &size, time);
    struct signature_input input = {given, time,       1,    1, (const char *)data,
                                    size,  1531420618, NULL, 0};
    enum signature_result result = signature_check(&signature_slack, &secret, &input);
    REQUIRE(result <= SIGNATURE_STALE);
    REQUIRE((signature_reason(result)[0] == '\0') == (result == SIGNATURE_GOOD));
    /* No other is known to anybody without the key. */
    REQUIRE(result != SIGNATURE_GOOD || strcasecmp(given, TRUE_SIGNATURE) == 0);
    REQUIRE(signature_check(&untimed, &secret, &input) != SIGNATURE_GOOD);
    input.id = given;
    input.id_count = 1;
    REQUIRE(signature_check(&signature_standard, &secret, &input) != SIGNATURE_GOOD);
    REQUIRE((signature_check(&signature_gitlab, &secret, &input) == SIGNATURE_GOOD) ==
            (strcmp(given, key) == 0 || strcmp(given, other) == 0));
    const struct secret none = {.count = 0};
    REQUIRE(signature_check(&signature_slack, &none, &input) != SIGNATURE_GOOD);
    return 0;
}
