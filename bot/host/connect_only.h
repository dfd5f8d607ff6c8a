#pragma once

#include <stdbool.h>

/*
 * A connection for other protocols than libcurl speaks, made by it all the same
 * (CURLOPT_CONNECT_ONLY): names looked up without blocking, TLS whose certificate and host name are
 * always verified, certificates of our own, sockets of this machine. The bytes then go through
 * curl_easy_send() and curl_easy_recv(). Knows nothing of what is said, nor who drives the handle.
 */
struct connect_only {
    const char *host;   /* HOST or HOST:PORT, IPv6 in brackets; for a socket any name */
    const char *socket; /* a path in place of host; NULL or "": none */
    bool tls;
    bool proxied; /* through the proxy that the environment names for the web, as a tunnel */
    /* "": the system's CAs, no certificate of ours. A ca_file is trusted alone. */
    const char *ca_file, *cert_file, *key_file;
    long connect_ms;
    char *said; /* CURL_ERROR_SIZE bytes, "" by the caller: what went wrong; outlives the handle */
};

/* Sets up an easy handle (of type CURL); copies all but said. False: it cannot be done. */
bool connect_only_set(void *easy, const struct connect_only *setup);
