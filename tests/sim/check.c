/* See check.h. The model is the fold of all events by core's own ticket_apply; everything else is compared with it. */
#include "tests/sim/check.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/lifecycle.h"
#include "core/ticket.h"
#include "core/ticket_inner.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/kit/chain.h"
#include "tests/sim/fakes.h"
#include "tests/sim/people.h"
#include "tests/sim/world.h"

enum { LATE_MAX_MS = 2000 };

struct model {
    struct ticket ticket;
    bool touched;
};

static struct table models;     /* ticket */
static struct table notes_seen; /* number of a command -> how often it took effect */
static int64_t last_seq, last_at, tickets_made;
static int32_t last_epoch;
static uint8_t chain[32];
static int64_t punctual_from_ms;
static struct check_tally tally;

void check_start(void) {
    last_seq = last_at = tickets_made = last_epoch = 0;
    memset(chain, 0, sizeof chain);
    tally = (struct check_tally){0};
    check_figures_start();
    punctual_from_ms = INT64_MAX;
}

void check_done(void) {
    table_clear(&models);
    table_clear(&notes_seen);
    check_figures_done();
}

void check_be_punctual(bool punctual) {
    punctual_from_ms = punctual ? sim_wall_ms() : INT64_MAX;
}

static long long L(int64_t number) {
    return (long long)number;
}

/* ---- one event --------------------------------------------------------------------------------------------------------- */

static void check_order(const struct event_row *e) {
    if (e->seq != last_seq + 1) broken("I5", "seq %lld follows %lld", L(e->seq), L(last_seq));
    if (e->epoch != disk.shard.epoch)
        broken("I9", "seq %lld is written under epoch %d while %d is in force", L(e->seq), e->epoch, disk.shard.epoch);
    if (e->epoch < last_epoch) broken("I5", "epoch falls at seq %lld", L(e->seq));
    if (e->at < last_at) broken("I5", "time falls at seq %lld", L(e->seq));
    if (e->at > sim_wall_ms()) broken("I5", "seq %lld is dated in the future", L(e->seq));
    struct chain_event link = {(uint16_t)e->shard,
                               e->seq,
                               (uint32_t)e->epoch,
                               e->ticket,
                               (uint32_t)e->version,
                               e->at,
                               (uint8_t)e->type,
                               (uint8_t)e->cause,
                               e->user,
                               (uint8_t)e->role,
                               (uint32_t)e->unit,
                               e->body,
                               e->len};
    chain_step(chain, &link, chain);
    if (memcmp(chain, e->hash, 32) != 0) broken("I11", "the hash of seq %lld is wrong", L(e->seq));
    last_seq = e->seq;
    last_epoch = e->epoch;
    last_at = e->at;
}

static void note_lateness(const struct event_row *e, int64_t due) {
    if (due < punctual_from_ms) return;
    int64_t late = e->at - due;
    if (late > sim.worst_late_ms) sim.worst_late_ms = late;
    if (late > LATE_MAX_MS) broken("I6", "ticket %lld: a deadline is met %lld ms late", L(e->ticket), L(late));
}

/* A deadline acts at its own time or after, and moves on when it has acted. */
static void check_timer(const struct event_row *e, const struct ticket *before, const struct effect *f) {
    if (e->cause != COMMAND_TIMER) return;
    if (e->type == EVENT_GIVEN_UP || e->type == EVENT_RESUME_DUE) {
        if (e->at < before->clock.due) broken("I6", "ticket %lld acts before its deadline", L(e->ticket));
        note_lateness(e, before->clock.due);
    }
    if (e->type != EVENT_RUNG) return;
    must(f->clocks_count > 0);
    const struct clock *old = ticket_clock(before, f->clocks[0].slot), *new = &f->clocks[0].clock;
    must(old);
    if (e->at < old->next) broken("I6", "ticket %lld reaches a rung %lld ms early", L(e->ticket), L(old->next - e->at));
    if (f->until != old->next) broken("I6", "ticket %lld reaches a rung that was not due", L(e->ticket));
    if (!f->reminder && f->rung <= old->rung) broken("I6", "ticket %lld reaches a rung twice", L(e->ticket));
    if (new->next == old->next &&new->rung == old->rung)
        broken("I6", "ticket %lld: a rung reached stays armed", L(e->ticket));
    note_lateness(e, old->next);
}

/* A card is given once, to the unit whose limit it was, and withdrawn once, by an event that says which it is (rule L44). */
static void check_card(const struct event_row *e, const struct ticket *before, const struct effect *f) {
    if (e->type == EVENT_RUNG && f->card && ticket_card(before, f->card))
        broken("I6", "ticket %lld: card %u is given twice", L(e->ticket), f->card);
    if (e->type != EVENT_CARD_WITHDRAWN) return;
    const struct card *card = ticket_card(before, f->card);
    if (!card || card->withdrawn)
        broken("I6", "ticket %lld: card %u does not stand, and is withdrawn", L(e->ticket), f->card);
    if (card->unit != f->unit || card->rung != f->rung || card->stage != f->stage)
        broken("I6", "ticket %lld: card %u is withdrawn for another", L(e->ticket), f->card);
}

static void check_note(const struct effect *f, int64_t seq) {
    int64_t number = people_note_number(f->note.at, f->note.len);
    if (!number) return;
    int64_t *count = table_get(&notes_seen, number, 0);
    if (count && people_note_is_keyed(number))
        broken("I2", "command %lld takes effect twice, at seq %lld", L(number), L(seq));
    int64_t *now = malloc(sizeof *now);
    must(now);
    *now = count ? *count + 1 : 1;
    free(table_put(&notes_seen, number, 0, now));
}

static void note_step(int from, const struct event *e) {
    size_t count;
    const struct lifecycle_row *rows = lifecycle_rows(&count);
    must(count <= CHECK_ROWS_MAX);
    for (size_t i = 0; i < count; i++) {
        bool same = rows[i].command == e->cause && rows[i].event == e->type && (rows[i].from >> from & 1);
        if (same && (rows[i].to ? rows[i].to : from) == e->effect.to) tally.rows[i]++;
    }
}

static struct model *check_event(const struct event_row *row) {
    static struct event event;
    check_order(row);
    event = (struct event){.seq = row->seq,
                           .shard = (uint16_t)row->shard,
                           .epoch = (uint32_t)row->epoch,
                           .ticket = row->ticket,
                           .version = (uint32_t)row->version,
                           .at = row->at,
                           .type = (uint8_t)row->type,
                           .cause = (uint8_t)row->cause,
                           .user = row->user,
                           .role = (uint8_t)row->role,
                           .actor_unit = (uint32_t)row->unit};
    if (codec_decode(&type_effect, row->body, row->len, &event.effect, NULL) != CODEC_OK)
        broken("I4", "the event at seq %lld cannot be read", L(row->seq));
    struct model *model = table_get(&models, row->ticket, 0);
    if (!model) {
        if (row->type != EVENT_RECEIVED)
            broken("I4", "the first event of ticket %lld is not its receipt", L(row->ticket));
        model = calloc(1, sizeof *model);
        must(model);
        table_put(&models, row->ticket, 0, model);
        tickets_made++;
    }
    struct ticket *t = &model->ticket;
    if (event.version != t->version + 1)
        broken("I5", "ticket %lld: version %u follows %u", L(row->ticket), event.version, t->version);
    if (!lifecycle_legal(t->state, event.cause, event.type, event.effect.to))
        broken("I4", "ticket %lld: no row leads from %s by %s with %s to %s", L(row->ticket),
               word_text(WORDS_state, t->state), word_text(WORDS_command_name, event.cause),
               word_text(WORDS_event_type, event.type), word_text(WORDS_state, event.effect.to));
    note_step(t->state, &event);
    check_timer(row, t, &event.effect);
    check_card(row, t, &event.effect);
    check_note(&event.effect, row->seq);
    ticket_apply(t, &event);
    const char *why = ticket_check(world_now(), t);
    if (why) broken("I3", "ticket %lld after %s: %s", L(row->ticket), word_text(WORDS_event_type, event.type), why);
    model->touched = true;
    check_figures_event(&event);
    hash_number((uint64_t)row->ticket << 8 | (uint64_t)row->type);
    if (sim.tracing)
        trace("seq %lld: T%lld v%u %s -> %s", L(row->seq), L(row->ticket), event.version,
              word_text(WORDS_event_type, event.type), word_text(WORDS_state, t->state));
    return model;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------- */

static void check_ticket_row(int64_t ticket) {
    const struct model *model = table_get(&models, ticket, 0);
    const struct ticket_row *row = table_get(&disk.tickets, ticket, 0);
    if (!row) broken("I4", "ticket %lld has events and no row", L(ticket));
    if (!model) broken("I4", "ticket %lld has a row and no events", L(ticket));
    const struct ticket *t = &model->ticket;
    static uint8_t body[16384];
    size_t len;
    must(codec_encode(&type_ticket, t, body, sizeof body, &len) == CODEC_OK);
    if (len != row->len || memcmp(body, row->body, len) != 0)
        broken("I4", "ticket %lld: the fold of its events is not its row", L(ticket));
    struct change c;
    ticket_change(t, &c);
    bool same = row->open == c.open && row->version == (int32_t)t->version && row->state == t->state &&
                row->owner == (int32_t)t->owner && row->matter == (int32_t)t->matter && row->urgency == t->urgency &&
                row->channel == t->channel && row->source == (int32_t)t->source && row->place == (int32_t)t->place &&
                row->request == t->request && row->received_at == t->received_at && row->entered_at == t->entered_at &&
                row->ended_at == t->ended_at && row->due == c.due && row->yellow == c.yellow &&
                row->next_at == t->next_at && row->generation == (int32_t)t->generation &&
                row->next_action == c.next_action && row->supervised == t->supervised;
    if (!same) broken("I4", "ticket %lld: a column is not the body's", L(ticket));
}

static void check_assignments(const struct ticket *t) {
    for (uint16_t i = 0; i < t->assignments_count; i++) {
        const struct assignment *a = &t->assignments[i];
        const struct assignment_row *row = table_get(&disk.assignments, t->id, a->no);
        bool same = row && row->kind == a->kind && row->unit == (int32_t)a->unit && row->offered_at == a->offered_at;
        if (!same) broken("I4", "ticket %lld: assignment %d is not its row", L(t->id), a->no);
    }
}

static void check_shard(void) {
    const struct shard_row *s = &disk.shard;
    if (s->next_seq != last_seq + 1)
        broken("I5", "the shard stands at seq %lld, its log at %lld", L(s->next_seq - 1), L(last_seq));
    if (s->next_ticket != tickets_made + 1)
        broken("I5", "the shard counts %lld tickets of %lld", L(s->next_ticket - 1), L(tickets_made));
    if (memcmp(s->chain, chain, 32) != 0) broken("I11", "the shard's hash is not the last event's");
}

/* One router an epoch: a commit comes from the backend that the epoch was given to. */
static void check_holder(const struct transaction *t) {
    if (t->advanced && t->backend != disk.shard.holder)
        broken("I9", "backend %u writes under epoch %d, which backend %u holds", t->backend, disk.shard.epoch,
               disk.shard.holder);
}

void check_commit(const struct transaction *t) {
    check_holder(t);
    bool any = false;
    for (size_t i = 0; i < t->undo_count; i++) {
        const struct undo *undo = &t->undo[i];
        if (undo->table != &disk.events) continue;
        any = true;
        check_event(table_get(undo->table, undo->a, undo->b));
    }
    for (size_t i = 0; i < t->undo_count; i++) {
        const struct undo *undo = &t->undo[i];
        if (undo->table == &disk.tickets) {
            check_ticket_row(undo->a);
            struct model *model = table_get(&models, undo->a, 0);
            check_assignments(&model->ticket);
            model->touched = false;
        }
        if (undo->table == &disk.links && !table_get(&disk.requests, undo->a, 0))
            broken("I2", "a ticket answers request %lld, which nobody accepted", L(undo->a));
    }
    for (size_t i = 0; i < t->undo_count; i++) {
        const struct undo *undo = &t->undo[i];
        if (undo->table != &disk.events) continue;
        const struct event_row *row = table_get(undo->table, undo->a, undo->b);
        const struct model *model = table_get(&models, row->ticket, 0);
        if (model->touched) broken("I4", "ticket %lld has new events and its old row", L(row->ticket));
    }
    if (any || t->advanced) check_shard();
}

/* ---- the promise, of every ticket -------------------------------------------------------------------------------------------- */

static void check_promise(const struct ticket *t) {
    const struct ticket_row *row = table_get(&disk.tickets, t->id, 0);
    struct next next = ticket_next(t);
    const char *why = ticket_check(world_now(), t);
    if (why) broken("I3", "ticket %lld: %s", L(t->id), why);
    if (!row->open) broken("I3", "ticket %lld is open, and its row is not", L(t->id));
    if (!world_unit(world_now(), next.owner)) broken("I3", "ticket %lld belongs to nobody", L(t->id));
    if (next.owner != t->owner || row->owner != (int32_t)next.owner)
        broken("I3", "ticket %lld has two owners, %u and %d", L(t->id), next.owner, row->owner);
    if (!next.due || row->due != next.due) broken("I3", "ticket %lld has no one deadline", L(t->id));
    if (!next.action || row->next_action != next.action) broken("I3", "ticket %lld has no one next action", L(t->id));
    if (!t->next_at || row->next_at != t->next_at || row->generation != (int32_t)t->generation)
        broken("I3", "ticket %lld has no one armed timer", L(t->id));
    tally.promises++;
}

void check_promises(void) {
    for (size_t i = 0; i < models.count; i++) {
        const struct model *model = models.entries[i].row;
        if (ticket_is_open(&model->ticket)) check_promise(&model->ticket);
    }
}

const struct check_tally *check_tally(void) {
    return &tally;
}

/* ---- messages: nothing leaves before its commit (I13) -------------------------------------------------------------------------- */

static const struct event_row *event_by_seq(int64_t seq) {
    size_t i = table_from(&disk.events, seq);
    return i < disk.events.count && disk.events.entries[i].a == seq ? disk.events.entries[i].row : NULL;
}

static void check_routed(const struct request_routed *routed) {
    if (!routed->ticket) return;
    const struct link_row *link = table_get(&disk.links, routed->request, 0);
    if (!link) broken("I13", "request %lld is said to have a ticket before that is committed", L(routed->request));
    if (link->ticket != routed->ticket && link->origin != routed->ticket)
        broken("I13", "request %lld is said to have ticket %lld", L(routed->request), L(routed->ticket));
}

static void check_reply(const struct reply *reply) {
    if (reply->verdict != VERDICT_OK) return;
    const struct event_row *row = event_by_seq(reply->seq);
    if (!row) broken("I13", "a command on ticket %lld is confirmed before its commit", L(reply->ticket));
    if (row->ticket != reply->ticket)
        broken("I13", "a command on ticket %lld is confirmed by another's event", L(reply->ticket));
}

static void trace_message(const struct message *m) {
    if (m->info->number == MESSAGE_timer_due)
        trace("says timer_due T%lld generation %u", L(m->timer_due.ticket), m->timer_due.generation);
    if (m->info->number == MESSAGE_timer_done)
        trace("says timer_done T%lld generation %u: verdict %u, next %u", L(m->timer_done.ticket),
              m->timer_done.generation, m->timer_done.verdict, m->timer_done.next_generation);
    if (m->info->number == MESSAGE_reply && m->reply.verdict == VERDICT_OK)
        trace("says reply: command %lld is done, seq %lld", L(m->envelope.id), L(m->reply.seq));
}

void check_leaving(const struct proc *from, const void *bytes, size_t len) {
    static struct message message;
    if (sim.tracing && message_decode(bytes, len, &message, NULL) == CODEC_OK) trace_message(&message);
    bool router = from - sim.procs == PROC_ROUTER_A || from - sim.procs == PROC_ROUTER_B;
    if (!router || message_decode(bytes, len, &message, NULL) != CODEC_OK) return;
    switch (message.info->number) {
    case MESSAGE_request_routed:
        check_routed(&message.request_routed);
        break;
    case MESSAGE_reply:
        check_reply(&message.reply);
        break;
    case MESSAGE_timer_done: {
        const struct timer_done *done = &message.timer_done;
        const struct ticket_row *row = table_get(&disk.tickets, done->ticket, 0);
        if (done->verdict == VERDICT_OK && (!row || (uint32_t)row->generation < done->next_generation))
            broken("I13", "a deadline of ticket %lld is said to have acted before its commit", L(done->ticket));
        break;
    }
    case MESSAGE_changes:
        if (message.changes.to_seq >= disk.shard.next_seq) broken("I13", "changes are told before their commit");
        break;
    case MESSAGE_beat:
        if (message.beat.head_seq >= disk.shard.next_seq) broken("I13", "a beat is ahead of the log");
        break;
    default:
        break;
    }
}

/* ---- when all is quiet ------------------------------------------------------------------------------------------------------------- */

static bool is_parked(int64_t number) {
    for (size_t i = 0; i < disk.parked.count; i++)
        if (((struct parked_row *)disk.parked.entries[i].row)->number == number) return true;
    return false;
}

int check_unrouted(void) {
    int count = 0;
    for (size_t i = 0; i < disk.requests.count; i++) {
        int64_t id = disk.requests.entries[i].a;
        count += !table_get(&disk.links, id, 0) && !is_parked(id);
    }
    return count;
}

int64_t check_next_deadline(void) {
    int64_t first = 0;
    for (size_t i = 0; i < disk.tickets.count; i++) {
        const struct ticket_row *row = disk.tickets.entries[i].row;
        if (row->open && (!first || row->next_at < first)) first = row->next_at;
    }
    return first;
}

void check_tell_overdue(void) {
    for (size_t i = 0; i < disk.tickets.count; i++) {
        const struct ticket_row *row = disk.tickets.entries[i].row;
        if (row->open && row->next_at <= sim_wall_ms())
            trace("T%lld generation %d is overdue by %lld ms", L(row->id), row->generation,
                  L(sim_wall_ms() - row->next_at));
    }
}

int64_t check_event_count(void) {
    return (int64_t)disk.events.count;
}

const char QUIET_OVERDUE[] = "a deadline has passed and nothing happens";

const char *check_quiet(void) {
    if (people_waiting()) return "somebody still waits for an answer";
    if (check_unrouted()) return "a request has no ticket";
    if (disk.shard.world != disk.world_version) return "deadlines are not counted by the newest reference data";
    if (disk.change_at) return "a change of the organisation is ordered";
    int64_t first = check_next_deadline();
    if (first && first <= sim_wall_ms() - LATE_MAX_MS - 500) return QUIET_OVERDUE;
    return fake_cache_differs();
}

void check_all(void) {
    for (size_t i = 0; i < models.count; i++) {
        struct model *model = models.entries[i].row;
        check_ticket_row(model->ticket.id);
        check_assignments(&model->ticket);
        const char *why = ticket_check(world_now(), &model->ticket);
        if (why) broken("I3", "ticket %lld: %s", L(model->ticket.id), why);
        uint32_t closed = disk.shard.world == disk.world_version ? ticket_strays(world_now(), &model->ticket) : 0;
        if (closed) broken("I3", "ticket %lld still stands with unit %u, which is closed", L(model->ticket.id), closed);
    }
    if (models.count != disk.tickets.count) broken("I4", "there are rows of tickets without events");
    if (disk.events.count != (size_t)last_seq)
        broken("I5", "the log has %zu events, its head is %lld", disk.events.count, L(last_seq));
    check_shard();
    check_figures(last_seq);
    people_acknowledged();
}
