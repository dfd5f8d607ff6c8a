#pragma once

#include <stdbool.h>

/*
 * Addresses that other people's requests name, for an answer to be sent to: they may not make us
 * call whom they like (SSRF). Pure.
 */
enum { HTTP_URL_MAX = 1000 }; /* bytes, with the NUL */

/*
 * Whether it may be called: https (http on loopback), one of the hosts (commas between, each with
 * its port if it is named), no user name, and none of the characters about which parsers disagree.
 */
bool http_url_allowed(const char *url, const char *hosts);
