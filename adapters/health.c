#include "adapters/health.h"

#include <string.h>

#include "adapters/adapter.h"
#include "adapters/http_body.h"
#include "adapters/http_server.h"
#include "bot/base/buf.h"
#include "bot/host/dispatch.h"
#include "bot/host/metrics.h"

enum { READY_MAX = 8 * 1024 * 1024, METRICS_MAX = 16 * 1024 * 1024 };

static const char *const states[] = {
    [ADAPTER_STARTING] = "starting",
    [ADAPTER_READY] = "ready",
    [ADAPTER_TROUBLED] = "troubled",
    [ADAPTER_FAILED] = "failed",
};

static void on_health(void *context, struct http_request *request)
{
    (void)context;
    http_respond(request, 200, "application/json", "{\"ok\": true}\n", 13, NULL);
}

static void put_adapter(const struct adapter *adapter, const struct adapter_status *status,
                        const char *before, struct buf *ret)
{
    buf_printf(ret, "%s{\"name\": \"", before);
    http_json_put(ret, adapter->name, strlen(adapter->name));
    buf_printf(ret, "\", \"state\": \"%s\", \"text\": \"", states[status->health]);
    http_json_put(ret, status->text, strlen(status->text));
    buf_puts(ret, "\"}");
}

/* True: all that were asked for are ready. *ret_found counts them. */
static bool put_adapters(const struct health_view *view, const char *only, struct buf *ret,
                         size_t *ret_found)
{
    bool ready = true;
    *ret_found = 0;
    for (size_t i = 0; i < view->count; i++) {
        const struct adapter *adapter = view->adapters[i];
        struct adapter_status status = {0};
        if (only != NULL && strcmp(only, adapter->name) != 0) {
            continue;
        }
        adapter->ops->status(adapter, &status);
        ready = ready && status.health == ADAPTER_READY;
        put_adapter(adapter, &status, *ret_found ? ", " : "", ret);
        ++*ret_found;
    }
    return ready;
}

static void on_ready(void *context, struct http_request *request)
{
    const struct health_view *view = context;
    const char *only = http_request_query(request, "adapter");
    struct buf adapters, body;
    size_t found;
    buf_init(&adapters, READY_MAX);
    buf_init(&body, READY_MAX);
    bool ready = put_adapters(view, only, &adapters, &found) && !view->stopping &&
                 dispatch_healthy(view->dispatch);
    if (only != NULL && found == 0) {
        http_respond_error(request, 404, "There is no adapter of that name.");
    } else {
        buf_printf(&body,
                   "{\"ready\": %s, \"stopping\": %s, \"store\": \"%s\", \"waiting\": %llu, "
                   "\"adapters\": [",
                   ready ? "true" : "false", view->stopping ? "true" : "false",
                   dispatch_healthy(view->dispatch) ? "ready" : "troubled",
                   (unsigned long long)dispatch_waiting(view->dispatch));
        buf_append(&body, adapters.data ? adapters.data : "", adapters.len);
        buf_puts(&body, "]}\n");
        http_respond(request, ready ? 200 : 503, "application/json", body.data, body.len, NULL);
    }
    buf_finish(&adapters);
    buf_finish(&body);
}

/* For those who want to be told: what /readyz says, and when it started. */
static void put_readiness(const struct health_view *view, struct buf *ret)
{
    buf_puts(ret, "# HELP whether_start_time_seconds When the process started, since 1970\n"
                  "# TYPE whether_start_time_seconds gauge\n");
    buf_printf(ret, "whether_start_time_seconds %lld\n", (long long)view->started_s);
    buf_puts(ret, "# HELP whether_store_ready Whether the store took the last transaction\n"
                  "# TYPE whether_store_ready gauge\n");
    buf_printf(ret, "whether_store_ready %d\n", dispatch_healthy(view->dispatch));
    buf_puts(ret, "# HELP whether_adapter_ready Whether an adapter can hear and answer\n"
                  "# TYPE whether_adapter_ready gauge\n");
    for (size_t i = 0; i < view->count; i++) {
        const struct adapter *adapter = view->adapters[i];
        struct adapter_status status = {0};
        adapter->ops->status(adapter, &status);
        buf_puts(ret, "whether_adapter_ready{adapter=\"");
        metrics_put_label(adapter->name, ret);
        buf_printf(ret, "\"} %d\n", status.health == ADAPTER_READY);
    }
}

static void on_metrics(void *context, struct http_request *request)
{
    const struct health_view *view = context;
    struct buf body;
    buf_init(&body, METRICS_MAX);
    metrics_set_queue(view->metrics, dispatch_waiting(view->dispatch));
    metrics_format(view->metrics, &body);
    put_readiness(view, &body);
    http_respond(request, 200, "text/plain; version=0.0.4; charset=utf-8",
                 body.data ? body.data : "", body.len, NULL);
    buf_finish(&body);
}

void health_route(struct http_server *server, const struct health_view *view)
{
    /* The server hands the context back as it was given; nothing here writes to it. */
    union {
        const struct health_view *from;
        void *to;
    } context = {.from = view};
    http_server_route(server, "GET", "/healthz", on_health, context.to);
    http_server_route(server, "GET", "/readyz", on_ready, context.to);
    http_server_route(server, "GET", "/metrics", on_metrics, context.to);
}
