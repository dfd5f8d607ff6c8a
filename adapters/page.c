#include "adapters/page.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <nettle/base64.h>

#include "adapters/adapter.h"
#include "adapters/http_asset.h"
#include "adapters/http_body.h"
#include "adapters/http_server.h"
#include "adapters/page_assets.h"
#include "adapters/page_inside.h"
#include "adapters/page_talk.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"
#include "bot/host/records.h"
#include "bot/host/view.h"
#include "knowledge/pack.h"

#define TYPE_FORM "application/x-www-form-urlencoded"

/* Nothing from elsewhere, nothing inline, in nobody's frame. */
#define POLICY                                                                           \
    "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; " \
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "          \
    "frame-ancestors 'none'"

enum {
    PAGE_MAX = 4 * 1024 * 1024,
    GAPS_SHOWN = 200,
    HEADERS_MAX = 10,
    CREDENTIALS_MAX = 600, /* bytes of a user's name and token */
};

struct page {
    struct adapter base;
    struct adapter_setup setup;
    const struct config_page *config;
    struct secret gaps_token;
    struct view view;
};

static const struct {
    const char *path;
    const struct http_asset *asset;
} assets[] = {
    {PAGE_STYLE_PATH, &page_style}, {PAGE_SCRIPT_PATH, &page_script}, {PAGE_ICON_PATH, &page_icon}};

/* ---- answering ---- */

/* kept: a browser may show it again without asking us. more: NULL or a header. Frees the body. */
static void respond(struct http_request *request, unsigned status, struct buf *body, bool kept,
                    const char *more)
{
    const char *headers[HEADERS_MAX] = {
        POLICY, "X-Content-Type-Options: nosniff",
        /* Not less: else the form comes with the origin "null". */
        "Referrer-Policy: same-origin", "Cross-Origin-Opener-Policy: same-origin",
        "Cross-Origin-Resource-Policy: same-origin",
        kept ? "Cache-Control: no-cache" : "Cache-Control: no-store", more};
    if (body->failed || body->data == NULL) {
        http_respond_error(request, 500, "The page became too long.");
    } else {
        http_respond(request, status, "text/html; charset=utf-8", body->data, body->len, headers);
    }
    buf_finish(body);
}

static void refuse(struct page *page, struct http_request *request, unsigned status,
                   const char *reason, const char *title, const char *sentence, const char *more)
{
    struct buf body;
    buf_init(&body, PAGE_MAX);
    metrics_count(page->setup.metrics, METRIC_REJECTED, reason);
    log_info("page.rejected", LOG_TEXT("reason", reason),
             LOG_TEXT("peer", http_request_peer(request)));
    page_put_sentence(&body, title, sentence);
    respond(request, status, &body, false, more);
}

/* ---- who may look ---- */

/* "localhost" of "localhost:8080", "[::1]" of "[::1]:8080", "a.example" of "a.example/b". */
static size_t name_length(const char *host)
{
    const char *end = host[0] == '[' ? strchr(host, ']') : NULL;
    return end != NULL ? (size_t)(end + 1 - host) : strcspn(host, ":/");
}

static bool is_named(const char *hosts, const char *host)
{
    size_t len = name_length(host);
    for (const char *at = hosts; *at != '\0';) {
        at += strspn(at, " ,");
        size_t word = strcspn(at, " ,");
        if ((word == 1 && *at == '*') ||
            (word > 0 && word == len && strncasecmp(at, host, len) == 0)) {
            return true;
        }
        at += word;
    }
    return false;
}

/* The name in the address that people are told. */
static bool is_own(const char *address, const char *host)
{
    const char *own = address[0] != '\0' ? strstr(address, "://") + 3 : "";
    size_t len = name_length(own);
    return len > 0 && len == name_length(host) && strncasecmp(own, host, len) == 0;
}

/*
 * Under another name a stranger's page could have a browser here read what this one shows (DNS
 * rebinding); a form on a stranger's page comes with that page's origin.
 */
static bool may_look(struct page *page, struct http_request *request)
{
    const char *host = http_request_header(request, "Host");
    const char *origin = http_request_header(request, "Origin");
    const char *from = origin != NULL ? strstr(origin, "://") : NULL;
    http_request_open(request);
    if (host == NULL ||
        (!is_named(page->config->hosts, host) && !is_own(page->config->address, host))) {
        refuse(page, request, 403, "page_host", "Not under this name",
               "This page is not served under the name in the address. Its owner can add the name: "
               "hosts in the section [page] of the configuration.",
               NULL);
        return false;
    }
    if (origin != NULL && (from == NULL || strcasecmp(from + 3, host) != 0)) {
        refuse(page, request, 403, "page_origin", "Not from there",
               "This was sent from another site's page.", NULL);
        return false;
    }
    return true;
}

/* The token as the password of Basic authentication, under any name, or as a bearer's. */
static bool has_token(const struct page *page, const struct http_request *request)
{
    static const char basic[] = "Basic ", bearer[] = "Bearer ";
    const char *given = http_request_header(request, "Authorization");
    struct base64_decode_ctx context;
    uint8_t plain[CREDENTIALS_MAX];
    size_t len = sizeof(plain);
    if (given == NULL || http_request_header_count(request, "Authorization") != 1) {
        return false;
    }
    if (strncasecmp(given, bearer, sizeof(bearer) - 1) == 0) {
        given += sizeof(bearer) - 1;
        return secret_equals(&page->gaps_token, given, strlen(given));
    }
    const char *coded = given + sizeof(basic) - 1;
    if (strncasecmp(given, basic, sizeof(basic) - 1) != 0 ||
        BASE64_DECODE_LENGTH(strlen(coded)) > sizeof(plain)) {
        return false;
    }
    base64_decode_init(&context);
    bool fine = base64_decode_update(&context, &len, plain, strlen(coded), coded) &&
                base64_decode_final(&context);
    const char *token = fine ? memchr(plain, ':', len) : NULL;
    fine = token != NULL &&
           secret_equals(&page->gaps_token, token + 1, len - (size_t)(token + 1 - (char *)plain));
    mem_wipe(plain, sizeof(plain));
    return fine;
}

/* ---- the pages ---- */

static void show(struct page *page, struct http_request *request, const struct talk *talk)
{
    struct view_said said[VIEW_TURNS_MAX];
    struct buf body;
    talk_said(talk, said);
    dispatch_view(page->setup.dispatch, said, talk->count, talk->asked,
                  loop_wall_ms(page->setup.loop), &page->view);
    buf_init(&body, PAGE_MAX);
    page_put_ask(&body, dispatch_knowledge(page->setup.dispatch), talk, &page->view);
    respond(request, 200, &body, talk->count == 0, NULL);
}

static void on_home(void *context, struct http_request *request)
{
    static const struct talk nothing = {0};
    if (may_look(context, request)) {
        show(context, request, &nothing);
    }
}

static void on_ask(void *context, struct http_request *request)
{
    struct page *page = context;
    struct error err = {0};
    struct talk talk;
    size_t len;
    if (!may_look(page, request)) {
        return;
    }
    const char *body = http_request_body(request, &len);
    if (!http_type_is(http_request_header(request, "Content-Type"), TYPE_FORM)) {
        refuse(page, request, 415, "content_type", "Not a form",
               "This takes what the page's form sends: " TYPE_FORM ".", NULL);
    } else if (!talk_parse(body, len, &talk, &err)) {
        refuse(page, request, 400, "malformed", "That cannot be asked", err.text, NULL);
    } else {
        show(page, request, &talk);
        talk_finish(&talk);
    }
}

static void on_rules(void *context, struct http_request *request)
{
    struct page *page = context;
    struct buf body;
    if (!may_look(page, request)) {
        return;
    }
    buf_init(&body, PAGE_MAX);
    page_put_rules(&body, dispatch_knowledge(page->setup.dispatch));
    respond(request, 200, &body, true, NULL);
}

/* The name is a key: whoever was told it may read that one record. */
static void on_record(void *context, struct http_request *request)
{
    struct page *page = context;
    const char *name = http_request_query(request, "of");
    struct buf text, body;
    if (!may_look(page, request)) {
        return;
    }
    buf_init(&text, RECORDS_MAX);
    if (name != NULL && records_read(dispatch_records(page->setup.dispatch), name, &text)) {
        buf_init(&body, PAGE_MAX);
        page_put_record(&body, text.data, text.len);
        respond(request, 200, &body, false, "X-Robots-Tag: noindex");
    } else {
        refuse(page, request, 404, "record_unknown", "No such record",
               "There is no record of that name, or it was not kept.", NULL);
    }
    buf_finish(&text);
}

/* Where gaps are written to, and for which pack. */
struct list {
    struct buf body;
    const struct pack *pack;
    size_t count;
};

static void on_gap(void *context, const struct gap *gap)
{
    struct list *list = context;
    page_put_gap(&list->body, gap, list->pack);
    list->count++;
}

static void on_gaps(void *context, struct http_request *request)
{
    struct page *page = context;
    const struct knowledge *knowledge = dispatch_knowledge(page->setup.dispatch);
    struct list list = {.pack = knowledge->main < 0 ? NULL : knowledge->packs[knowledge->main]};
    if (!may_look(page, request)) {
        return;
    }
    if (!has_token(page, request)) {
        refuse(page, request, 401, "page_token", "Not for everybody",
               "This needs the token of the section [page], as the password, under any name.",
               "WWW-Authenticate: Basic realm=\"whether gaps\", charset=\"UTF-8\"");
        return;
    }
    buf_init(&list.body, PAGE_MAX);
    page_begin_gaps(&list.body);
    if (dispatch_gaps(page->setup.dispatch, GAPS_SHOWN, on_gap, &list)) {
        page_end_gaps(&list.body, list.count);
        respond(request, 200, &list.body, false, NULL);
    } else {
        buf_finish(&list.body);
        refuse(page, request, 503, "store", "Not now", "The store cannot be read; try again.",
               NULL);
    }
}

/* ---- the adapter ---- */

static size_t count(const struct config *config)
{
    return config->has_page ? 1 : 0;
}

static void status(const struct adapter *adapter, struct adapter_status *ret)
{
    const struct page *page = (const struct page *)adapter;
    ret->health = ADAPTER_READY;
    snprintf(ret->text, sizeof(ret->text), "/ and /rules%s, under: %.100s",
             page->gaps_token.count > 0 ? ", /gaps with a token" : "", page->config->hosts);
}

static void destroy(struct adapter *adapter)
{
    struct page *page = (struct page *)adapter;
    if (page == NULL) {
        return;
    }
    if (page->setup.server != NULL) {
        http_server_unroute(page->setup.server, page);
        for (size_t i = 0; i < ARRAY_LEN(assets); i++) {
            http_asset_unroute(page->setup.server, assets[i].asset);
        }
    }
    secret_finish(&page->gaps_token);
    mem_free(page->base.name);
    mem_free(page);
}

static void route(struct page *page, struct http_server *server)
{
    http_server_route(server, "GET", "/", on_home, page);
    http_server_route(server, "GET", "/ask", on_home, page);
    http_server_route(server, "POST", "/ask", on_ask, page);
    http_server_route(server, "GET", "/rules", on_rules, page);
    http_server_route(server, "GET", "/record", on_record, page);
    if (page->gaps_token.count > 0) {
        http_server_route(server, "GET", "/gaps", on_gaps, page);
    }
    for (size_t i = 0; i < ARRAY_LEN(assets); i++) {
        http_asset_route(server, assets[i].path, assets[i].asset);
    }
}

static bool create(const struct adapter_setup *setup, struct adapter **ret, struct error *err)
{
    const struct config_page *config = &setup->config->page;
    struct secret token = {0};
    if (setup->server == NULL) {
        return error_set(err, ERROR_INPUT, "[page] needs [http] listen");
    }
    if (!secret_load_key(&config->gaps_token, "page", "gaps_token", &token, err)) {
        return false;
    }
    struct page *page = mem_alloc(sizeof(*page));
    page->base.ops = &adapter_page;
    page->base.name = mem_strdup("page");
    page->setup = *setup;
    page->config = config;
    page->gaps_token = token;
    route(page, setup->server);
    *ret = &page->base;
    return true;
}

const struct adapter_ops adapter_page = {
    .name = "page",
    .count = count,
    .create = create,
    .status = status,
    .destroy = destroy,
};
