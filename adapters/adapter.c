#include "adapters/adapter.h"

#include <stdarg.h>
#include <stdio.h>

#include "bot/host/log.h"

enum { EVENT_MAX = 40 };

void adapter_set_status(struct adapter_status *status, const struct adapter *adapter,
                        const char *stem, enum adapter_health health, const char *format,
                        va_list args)
{
    char event[EVENT_MAX];
    bool changed = status->health != health;
    status->health = health;
    vsnprintf(status->text, sizeof(status->text), format, args);
    snprintf(event, sizeof(event), "%s.%s", stem, health == ADAPTER_READY ? "ready" : "trouble");
    if (changed && health == ADAPTER_READY) {
        log_info(event, LOG_TEXT("adapter", adapter->name), LOG_TEXT("status", status->text));
    } else if (changed) {
        log_warning(event, LOG_TEXT("adapter", adapter->name), LOG_TEXT("status", status->text));
    }
}
