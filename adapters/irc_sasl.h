#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What SASL sends over IRC (PROTOCOLS.md I5), in base64. Pure. The results hold passwords: the
 * caller wipes them (mem_wipe()).
 */
enum {
    IRC_SASL_CHUNK = 400, /* bytes of one AUTHENTICATE */
    IRC_SASL_MAX = 8192,  /* with the NUL */
};

/* False, with an empty *ret, when it does not fit. "" encodes as "". */
bool irc_sasl_plain(const char *user, const char *password, char ret[IRC_SASL_MAX]);
bool irc_sasl_external(const char *user, char ret[IRC_SASL_MAX]);

/* "PLAIN,EXTERNAL": is this mechanism in it? */
bool irc_sasl_lists(const char *mechanisms, const char *mechanism);
