#pragma once

#include <stddef.h>

/*
 * Requests that an adapter has under way with the HTTP client. A call begins with its link, so that
 * a link's address is the call's, which the client knows it by. Owns nothing.
 */
struct call_link {
    struct call_link *previous, *next;
};

struct call_list {
    struct call_link *first; /* NULL: none */
    size_t count;
};

static inline void call_list_add(struct call_list *list, struct call_link *link)
{
    *link = (struct call_link){.next = list->first};
    if (link->next != NULL) {
        link->next->previous = link;
    }
    list->first = link;
    list->count++;
}

static inline void call_list_remove(struct call_list *list, struct call_link *link)
{
    *(link->previous ? &link->previous->next : &list->first) = link->next;
    if (link->next != NULL) {
        link->next->previous = link->previous;
    }
    list->count--;
}
