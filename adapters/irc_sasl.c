#include "adapters/irc_sasl.h"

#include <string.h>

#include "bot/base/mem.h"

enum { RAW_MAX = IRC_SASL_MAX / 4 * 3 - 3 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(const unsigned char *raw, size_t len, char *ret)
{
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned a = raw[i], b = left > 1 ? raw[i + 1] : 0, c = left > 2 ? raw[i + 2] : 0;
        unsigned bits = a << 16 | b << 8 | c;
        *ret++ = alphabet[bits >> 18];
        *ret++ = alphabet[bits >> 12 & 63];
        *ret++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        *ret++ = left > 2 ? alphabet[bits & 63] : '=';
    }
    *ret = '\0';
}

bool irc_sasl_plain(const char *user, const char *password, char ret[IRC_SASL_MAX])
{
    unsigned char raw[RAW_MAX];
    size_t user_len = strlen(user), password_len = strlen(password);
    ret[0] = '\0';
    if (user_len > RAW_MAX || password_len > RAW_MAX || 2 * user_len + 2 + password_len > RAW_MAX) {
        return false;
    }
    size_t len = user_len + 1;
    memcpy(raw, user, len);
    memcpy(raw + len, user, user_len + 1);
    len += user_len + 1;
    memcpy(raw + len, password, password_len);
    encode(raw, len + password_len, ret);
    mem_wipe(raw, sizeof(raw));
    return true;
}

bool irc_sasl_external(const char *user, char ret[IRC_SASL_MAX])
{
    size_t len = strlen(user);
    ret[0] = '\0';
    if (len > RAW_MAX) {
        return false;
    }
    encode((const unsigned char *)user, len, ret);
    return true;
}

bool irc_sasl_lists(const char *mechanisms, const char *mechanism)
{
    size_t len = strlen(mechanism);
    for (const char *at = mechanisms; *at;) {
        size_t word = strcspn(at, ",");
        if (word == len && memcmp(at, mechanism, len) == 0) {
            return true;
        }
        at += word;
        at += *at == ',';
    }
    return false;
}
