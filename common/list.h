/* A list of things that carry their own place in it: no memory of its own, a thing can leave from the middle, and it knows which
 * list it is in. Put `struct list_place place;` first in the thing, so that a place and its thing are one address. */
#ifndef COMMON_LIST_H
#define COMMON_LIST_H

#include "proto/must.h"

#include <stddef.h>

struct list;

struct list_place {
    struct list_place *previous, *next;
    struct list *list; /* NULL: in none */
};

/* All zero is an empty list. It must not move while anything is in it. */
struct list {
    struct list_place *first, *last;
    int count;
};

/* Behind the last one. */
static inline void list_push(struct list *list, void *thing) {
    struct list_place *place = thing;
    must(place->list == NULL);
    *place = (struct list_place){.previous = list->last, .list = list};
    if (list->last != NULL)
        list->last->next = place;
    else
        list->first = place;
    list->last = place;
    list->count++;
}

static inline void list_remove(void *thing) {
    struct list_place *place = thing;
    struct list *list = place->list;
    must(list != NULL);
    if (place->previous != NULL)
        place->previous->next = place->next;
    else
        list->first = place->next;
    if (place->next != NULL)
        place->next->previous = place->previous;
    else
        list->last = place->previous;
    list->count--;
    *place = (struct list_place){0};
}

static inline void *list_first(const struct list *list) {
    return list->first;
}

static inline void *list_next(const void *thing) {
    return ((const struct list_place *)thing)->next;
}

/* Takes the first one out; NULL when there is none. */
static inline void *list_pop(struct list *list) {
    void *thing = list->first;
    if (thing != NULL) list_remove(thing);
    return thing;
}

#endif
