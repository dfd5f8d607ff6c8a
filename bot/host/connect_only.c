#include "bot/host/connect_only.h"

#include <curl/curl.h>
#include <stdio.h>

enum { URL_MAX_HERE = 512 };

static bool is_given(const char *text)
{
    return text != NULL && *text != '\0';
}

static bool set_file(CURL *easy, CURLoption option, const char *file)
{
    return !is_given(file) || curl_easy_setopt(easy, option, file) == CURLE_OK;
}

static bool set_tls(CURL *easy, const struct connect_only *setup)
{
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    return curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           set_file(easy, CURLOPT_CAINFO, setup->ca_file) &&
           (!is_given(setup->ca_file) ||
            curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK) &&
           set_file(easy, CURLOPT_SSLCERT, setup->cert_file) &&
           set_file(easy, CURLOPT_SSLKEY, setup->key_file);
}

/* http is only the scheme for which libcurl makes a connection, with TLS or without. */
bool connect_only_set(void *easy, const struct connect_only *setup)
{
    char url[URL_MAX_HERE];
    int len = snprintf(url, sizeof(url), "%s://%s", setup->tls ? "https" : "http", setup->host);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* As in http_client.c: a name server that does not answer must not stop the loop (C18). */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, setup->connect_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, setup->said);
    if (setup->proxied) {
        curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
    return len > 0 && (size_t)len < sizeof(url) &&
           curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK &&
           set_file(easy, CURLOPT_UNIX_SOCKET_PATH, setup->socket) && set_tls(easy, setup);
}
