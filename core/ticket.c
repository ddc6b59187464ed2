/* Deciding a command: visible? allowed? at this version? legal now? then what follows. The steps themselves are in
 * core/ticket_acts.c, what they demand in core/ticket_guards.c, what they change in core/ticket_apply.c. See ticket.h. */
#include "core/ticket.h"

#include "core/ticket_inner.h"
#include "proto/must.h"

static const struct ticket no_ticket;

static bool texts_fit(const struct command *c) {
    return c->reason.len <= REASON_BYTES_MAX && c->basis.len <= BASIS_BYTES_MAX && c->note.len <= NOTE_BYTES_MAX &&
           c->answer.len <= ANSWER_BYTES_MAX;
}

static enum verdict may(const struct decision *d) {
    const struct command *c = d->command;
    if (d->ticket->state != 0 && !access_allowed(d->by.role, ACTION_READ, d->relations)) return VERDICT_NOT_VISIBLE;
    if (!access_allowed(d->by.role, c->name, d->relations)) return VERDICT_NOT_YOURS;
    if (c->version != 0 && c->version != d->ticket->version) return VERDICT_STALE_VERSION;
    return texts_fit(c) ? VERDICT_OK : VERDICT_TEXT_TOO_LONG;
}

enum verdict ticket_decide(const struct world *world, const struct ticket *ticket, const struct ticket *other,
                           const struct command *command, int64_t new_id, time_ms now, struct step *ret_step) {
    struct ticket work;
    if (ticket == NULL) ticket = &no_ticket;
    struct decision d = {.world = world,
                         .command = command,
                         .other = other,
                         .by = command->by,
                         .relations = access_ticket(world, ticket, &command->by),
                         .cause = command->name,
                         .now = now > ticket->changed_at ? now : ticket->changed_at,
                         .id = ticket->id != 0 ? ticket->id : new_id,
                         .new_id = new_id,
                         .ticket = ticket,
                         .step = ret_step,
                         .work = &work};
    if (command->name == 0 || command->name >= COMMAND_COUNT) return VERDICT_NOT_LEGAL_NOW;
    enum verdict verdict = may(&d);
    if (verdict != VERDICT_OK) return verdict;
    time_ms at;
    d.slot = command->name == COMMAND_TIMER ? ticket_earliest_clock(ticket, &at) : -1;
    verdict = ticket_choose(&d, (enum command_name)command->name);
    if (verdict != VERDICT_OK) return verdict;
    must(d.id != 0);
    ret_step->count = 0;
    ticket_act(&d);
    return VERDICT_OK;
}

uint64_t ticket_possible(const struct world *world, const struct ticket *ticket, const struct principal *by,
                         time_ms now) {
    uint64_t possible = 0, commands = lifecycle_commands(ticket->state);
    struct decision d = {.world = world,
                         .by = *by,
                         .relations = access_ticket(world, ticket, by),
                         .now = now > ticket->changed_at ? now : ticket->changed_at,
                         .id = ticket->id,
                         .ticket = ticket};
    time_ms at;
    d.slot = ticket_earliest_clock(ticket, &at);
    if (!access_allowed(by->role, ACTION_READ, d.relations)) return 0;
    for (int name = 1; name < COMMAND_COUNT; name++) {
        if ((commands >> name & 1) == 0 || !access_allowed(by->role, name, d.relations)) continue;
        d.cause = (uint8_t)name;
        if (ticket_choose(&d, (enum command_name)name) == VERDICT_OK) possible |= UINT64_C(1) << name;
    }
    return possible;
}

bool ticket_visible(const struct world *world, const struct ticket *ticket, const struct principal *by) {
    return access_allowed(by->role, ACTION_READ, access_ticket(world, ticket, by));
}

bool ticket_shows_files(const struct world *world, const struct ticket *ticket, enum ticket_file file,
                        const struct principal *by) {
    static const uint32_t now = RELATION_CENTRE | RELATION_SOURCE | RELATION_LEAD | RELATION_ASSIST | RELATION_CHECKER |
                                RELATION_OWNER | RELATION_SUPERVISED;
    uint32_t relations = access_ticket(world, ticket, by);
    if (!access_allowed(by->role, ACTION_READ, relations)) return false;
    if (file == TICKET_FILE_STEP && by->role == ROLE_INTEGRATION) return false;
    return (relations & now) != 0 || !(file == TICKET_FILE_CONFIDENTIAL || ticket->confidential || ticket->sensitive);
}
