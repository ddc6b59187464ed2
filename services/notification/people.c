/* The parts of what goes out to people are given their turns. See people.h. */
#include "services/notification/people.h"

#include <stdlib.h>

#include "proto/must.h"

enum { ARENA_CHUNK = 1 << 16, ARENA_MAX = 1 << 22 };

void people_open(struct notification *n) {
    struct people *p = n->people = calloc(1, sizeof *p);
    must(p);
    arena_init(&p->arena, ARENA_CHUNK, ARENA_MAX);
    p->load_group = db_group_new();
    p->plan_group = db_group_new();
    p->poll_group = db_group_new();
    p->receipt_group = db_group_new();
}

void people_turn(struct notification *n) {
    if (n->draining || !db_is_up(n->db)) return;
    carriers_turn(n);
    if (!n->people->loaded_at) return;
    letters_plan(n);
    letters_receive(n);
    letters_send(n);
}

void people_changed(struct notification *n) {
    if (!n->people) return;
    n->people->changed = true;
    n->people->receipt_at = 0;
}

bool people_are_done(const struct notification *n) {
    const struct people *p = n->people;
    return p->under_way == 0 && !p->planning && !p->polling && !p->receiving;
}

void people_close(struct notification *n) {
    struct people *p = n->people;
    if (!p) return;
    while (p->letters) letter_forget(p->letters);
    carriers_free(p);
    db_group_free(&p->load_group);
    db_group_free(&p->plan_group);
    db_group_free(&p->poll_group);
    db_group_free(&p->receipt_group);
    arena_done(&p->arena);
    free(p);
    n->people = NULL;
}
