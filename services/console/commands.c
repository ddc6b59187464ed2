/* See commands.h. */
#include "services/console/commands.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/number.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/console/attachments.h"
#include "services/console/command_body.h"
#include "services/console/commands_inner.h"
#include "services/console/event_read.h"
#include "services/console/news.h"
#include "services/console/rules.h"
#include "services/console/ticket_read.h"

METRIC_COUNTER(answered, "paidan_console_commands_total", "Commands, by what became of them.", "answer", "done",
               "refused", "unknown", "shed");
METRIC_COUNTER(resent, "paidan_console_commands_resent_total", "Commands sent again for want of a reply.");
METRIC_HISTOGRAM(reply_seconds, "paidan_console_command_seconds", "From sending a command to its reply.",
                 METRIC_LATENCY);

enum { PENDING_MAX = 8192 /* a power of two */, AGAIN_MS = 1000, BUSY_AGAIN_MS = 200 };

struct commands {
    struct console *console;
    struct pending *pending[PENDING_MAX]; /* by id */
    int count;
    int64_t next_id;
};

struct commands *commands_new(struct console *console) {
    struct commands *c = calloc(1, sizeof *c);
    must(c);
    c->console = console;
    c->next_id = 1;
    return c;
}

void commands_free(struct commands **commands) {
    free(*commands);
    *commands = NULL;
}

int commands_under_way(const struct commands *c) {
    return c->count;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------------- */

static void drop(struct commands *c, struct pending *p) {
    if (c->pending[p->id % PENDING_MAX] != p) return;
    c->pending[p->id % PENDING_MAX] = NULL;
    c->count--;
}

static void write_done(struct json_writer *w, struct call *call, const struct pending *p, const struct ticket *ticket,
                       time_ms now) {
    json_open(w);
    put_ticket_number(w, "ticket", p->reply.ticket);
    json_put_string(w, "command", word_text(WORDS_command_name, p->command.name));
    json_put_id(w, "seq", p->reply.seq);
    json_put_bool(w, "repeated", p->reply.repeated);
    put_ticket_number(w, "created", p->reply.other);
    if (ticket) {
        struct principal by = who_toward(&call->who, ticket->source);
        put_ticket_row(w, call->reference, ticket, NULL, now);
        put_possible(w, call->reference, ticket, &by, now);
    } else {
        json_put_string(w, "state", word_text(WORDS_state, p->reply.state));
        json_put_id(w, "version", p->reply.version);
    }
    if (ticket && p->command.name == COMMAND_ADJUDICATE) { /* the decision offers itself as a rule */
        struct arena arena;
        arena_init(&arena, 1 << 14, 1 << 20);
        put_rule_draft(w, &arena, call->reference, ticket, p->command.unit);
        arena_done(&arena);
    }
    json_close(w);
}

/* What the verdict says; of a card, also which ones stand (rule L44). */
static struct sentence why_not(struct call *call, const struct verdict_row *row, const struct ticket *ticket) {
    bool about_cards = !strcmp(row->pointer, "/card");
    if (!ticket || !about_cards) return (struct sentence){row->zh, row->en};
    struct routing_names names = reference_names(call->reference);
    enum { CARDS_BYTES = 4096 };
    char *zh = call_take(call, CARDS_BYTES), *en = call_take(call, CARDS_BYTES);
    bool any = ticket_cards_say(ticket, &names, LANG_ZH, zh, CARDS_BYTES) > 0;
    ticket_cards_say(ticket, &names, LANG_EN, en, CARDS_BYTES);
    return (struct sentence){call_printf(call, "%s; 仍有效的牌: %s", row->zh, any ? zh : "无"),
                             call_printf(call, "%s; standing: %s", row->en, any ? en : "none")};
}

static void answer_refusal(struct call *call, const struct pending *p, const struct ticket *ticket) {
    static const struct sentence title = {"不能办理", "Refused"};
    const struct verdict_row *row = verdict_row((int)p->reply.verdict);
    const char *type = call_printf(call, "%s", row->rule);
    struct sentence why = why_not(call, row, ticket);
    struct json_writer *w = call_problem_json(call, row->status, type, title, why);
    json_put_string(w, "verdict", row->name + strlen("VERDICT_"));
    if (row->pointer[0]) {
        json_put_open_list(w, "errors");
        json_open(w);
        json_put_string(w, "pointer", row->pointer);
        json_put_string(w, "detail", call_lang(call) == LANG_EN ? why.en : why.zh);
        json_close(w);
        json_close_list(w);
    }
    if (ticket) {
        struct principal by = who_toward(&call->who, ticket->source);
        put_ticket_number(w, "ticket", ticket->id);
        json_put_string(w, "state", word_text(WORDS_state, ticket->state));
        json_put_id(w, "version", ticket->version);
        put_possible(w, call->reference, ticket, &by, clock_now());
    }
    call_answer_problem(call, row->status);
}

/* The ticket as the command left it; NULL: it is not known. */
static void answer(struct call *call, const struct ticket *ticket, time_ms at) {
    struct pending *p = call->self;
    if (p->reply.verdict == VERDICT_OK) {
        write_done(call_json(call), call, p, ticket, at);
        call_answer(call, 200);
    } else {
        answer_refusal(call, p, ticket);
    }
}

/* A repeat gets the first answer: the ticket is what its events made of it until then. */
static void on_events(struct call *call, const struct db_reply *reply) {
    const struct pending *p = call->self;
    static struct ticket ticket;
    static struct event event;
    const struct db_result *rows = reply->err == ERR_NONE ? reply->results[1] : NULL;
    bool sound = rows && db_rows(rows) == (int)p->reply.version;
    ticket = (struct ticket){0};
    for (int i = 0; sound && i < db_rows(rows); i++) {
        sound = event_of_row(rows, i, &event) && event_follows(&event, &ticket);
        if (sound) ticket_apply(&ticket, &event);
    }
    struct principal by = who_toward(&call->who, ticket.source);
    answer(call, sound && ticket_visible(call_world(call), &ticket, &by) ? &ticket : NULL, event.at);
}

static void on_after(struct call *call, const struct db_reply *reply) {
    const struct pending *p = call->self;
    static struct ticket ticket;
    bool known = reply->err == ERR_NONE && ticket_read(call, reply, 1, &ticket);
    if (known && p->reply.version && ticket.version != p->reply.version) { /* others have come since */
        call_read(call);
        events_ask(call, ticket.id, 0, (int)p->reply.version);
        call_send(call, on_events);
        return;
    }
    answer(call, known ? &ticket : NULL, clock_now());
}

static void read_after(struct call *call, int64_t ticket) {
    call->takes_errors = true; /* what was decided is decided */
    call_read(call);
    db_set_int8(call_add(call, &TICKET_BODY), 1, ticket);
    call_send(call, on_after);
}

static void answer_unknown(struct commands *c, struct pending *p) {
    static const struct sentence title = {"结果未知", "The outcome is not known"};
    struct call *call = p->call;
    drop(c, p);
    metric_add(&answered, p->sent ? 2 : 3, 1);
    if (p->ends) {
        p->ends->unknown(p);
    } else if (p->bulk) {
        bulk_unknown(p);
    } else if (p->sent) {
        call_problem_type(
            call, 503, "unknown-outcome", title,
            (struct sentence){"未能及时得到结果; 用同一 Idempotency-Key 重试是安全的",
                              "No answer came in time; trying again with the same Idempotency-Key is safe"});
    } else {
        call_problem(call, 503, "派单服务暂不可用, 请稍后再试", "The router is not available, try again");
    }
}

void commands_on_reply(struct commands *c, int64_t id, const struct reply *reply) {
    struct pending *p = c->pending[id % PENDING_MAX];
    if (!p || p->id != id) return; /* given up, or answered before */
    if (reply->verdict == VERDICT_BUSY || reply->verdict == VERDICT_UNAVAILABLE) {
        p->send_at = clock_monotonic_ms() + BUSY_AGAIN_MS; /* nothing was decided */
        return;
    }
    drop(c, p);
    metric_observe(&reply_seconds, (double)(clock_monotonic_ms() - p->sent_at) / 1000);
    metric_add(&answered, reply->verdict == VERDICT_OK ? 0 : 1, 1);
    p->reply = *reply;
    news_heard(c->console->news, reply->seq);
    struct call *call = p->call;
    if (reply->verdict != VERDICT_OK) attachments_let_go(c->console, &p->command, p->files_bound);
    const struct verdict_row *row = verdict_row((int)reply->verdict);
    if (row->status == 403 && call) {
        char number[NUMBER_TEXT_BYTES];
        number_format_ticket(p->command.ticket, number);
        call_audit_alone(call, word_text(WORDS_command_name, p->command.name), number, row->name);
    }
    if (p->ends)
        p->ends->replied(p);
    else if (p->bulk)
        bulk_replied(p);
    else
        read_after(call, p->command.ticket);
}

/* ---- sending ------------------------------------------------------------------------------------------------------------------------- */

static void send(struct commands *c, struct pending *p) {
    int64_t now = clock_monotonic_ms();
    const char *trace = p->call ? http_traceparent(p->call->request) : NULL;
    enum err err = news_send(c->console->news, MESSAGE_command, p->id, trace, &p->command);
    if (err == ERR_TOO_LARGE) {
        struct call *call = p->call;
        drop(c, p);
        attachments_let_go(c->console, &p->command, p->files_bound);
        if (p->ends)
            p->ends->too_long(p);
        else if (p->bulk)
            bulk_too_long(p);
        else
            call_problem(call, 413, "内容过长", "The texts are too long together");
        return;
    }
    if (err == ERR_NONE && p->sent) metric_add(&resent, 0, 1);
    if (err == ERR_NONE) p->sent = true;
    p->send_at = now + (err == ERR_NONE ? AGAIN_MS : BUSY_AGAIN_MS);
}

void commands_tick(struct commands *c) {
    if (!c->count) return;
    int64_t now = clock_monotonic_ms();
    for (int i = 0; i < PENDING_MAX; i++) {
        struct pending *p = c->pending[i];
        if (!p) continue;
        if (now >= p->until)
            answer_unknown(c, p);
        else if (now >= p->send_at)
            send(c, p);
    }
}

bool command_key_is_fit(struct call *call) {
    const char *key = http_header(call->request, "Idempotency-Key");
    if (key && (!*key || strlen(key) > KEY_BYTES_MAX)) {
        call_wrong(call, "Idempotency-Key", "长度须为 1 到 120", "must be 1 to 120 bytes long");
        return !call_is_wrong(call, 400);
    }
    return true;
}

void command_set_key(struct pending *p, const void *body, size_t len) {
    struct call *call = p->call;
    const char *key = http_header(call->request, "Idempotency-Key");
    struct command *command = &p->command;
    if (key) {
        uint8_t hash[CRYPTO_HASH_BYTES];
        const char *whole =
            p->bulk ? call_printf(call, "%lld/%s/%lld", (long long)command->by.user, key, (long long)command->ticket)
                    : call_printf(call, "%lld/%s", (long long)command->by.user, key);
        crypto_digest(whole, strlen(whole), hash);
        memcpy(p->key, hash, KEY_BYTES);
        uint8_t *said = call_take(call, len + 16);
        memcpy(said, &command->ticket, 8);
        said[8] = command->name;
        if (len) memcpy(said + 16, body, len);
        crypto_digest(said, len + 16, hash);
        memcpy(p->key_body, hash, KEY_BYTES);
    } else {
        crypto_random(p->key, KEY_BYTES);
        crypto_random(p->key_body, KEY_BYTES);
    }
    command->key = (struct bytes){p->key, KEY_BYTES};
    command->key_body = (struct bytes){p->key_body, KEY_BYTES};
}

bool command_start(struct commands *c, struct pending *p) {
    int64_t id = c->next_id;
    for (int tries = 0; tries < 64 && c->pending[id % PENDING_MAX]; tries++) id++;
    if (c->pending[id % PENDING_MAX]) {
        metric_add(&answered, 3, 1);
        return false;
    }
    c->next_id = id + 1;
    p->id = id;
    p->sent_at = clock_monotonic_ms();
    p->until = p->sent_at + console_config.command_patience;
    c->pending[id % PENDING_MAX] = p;
    c->count++;
    send(c, p);
    return true;
}

static void start(struct call *call) {
    struct pending *p = call->self;
    if (command_start(call->console->commands, p)) return;
    attachments_let_go(call->console, &p->command, p->files_bound);
    call_problem(call, 503, "系统繁忙, 请稍后再试", "Too busy now, try again");
}

static void on_bound(struct call *call, const struct db_reply *reply) {
    struct pending *p = call->self;
    p->files_bound = attachments_bound(reply->results[1], &p->command);
    start(call);
}

static void on_before(struct call *call, const struct db_reply *reply) {
    struct pending *p = call->self;
    static struct ticket ticket;
    if (!ticket_read(call, reply, 1, &ticket)) {
        call_not_found(call);
        return;
    }
    p->command.by = who_toward(&call->who, ticket.source);
    if (p->command.other == 0) p->command.other = ticket.merged_into;
    if (p->command.name == COMMAND_SUPPLEMENT) rules_take_texts(call, reply->results[2], &p->command);
    if (!command_key_is_fit(call)) return;
    size_t len;
    const uint8_t *body = http_body(call->request, &len);
    command_set_key(p, body, len);
    if (!p->command.files_count) {
        start(call);
    } else if (attachments_known(call, reply->results[p->files_place], &p->command)) {
        attachments_bind(call, &p->command);
        call_send(call, on_bound);
    }
}

void command_post(struct call *call) {
    struct pending *p = call_take(call, sizeof *p);
    const char *name = http_param(call->request, "command");
    call->self = p;
    p->call = call;
    p->command.name = (uint8_t)word_value(WORDS_command_name, name, strlen(name));
    struct command read;
    int64_t ticket;
    if (!call_ticket_number(call, &ticket)) return;
    if (!command_read(call, p->command.name, &read)) return;
    read.name = p->command.name;
    read.ticket = ticket;
    p->command = read;
    call->reach =
        reach_of(call_world(call), &call->who, ACTION_READ); /* whoever does not see it is told there is none */
    call_read(call);
    db_set_int8(call_add(call, &TICKET_BODY), 1, ticket);
    if (read.name == COMMAND_SUPPLEMENT) rules_ask_texts(call, ticket); /* it may be routed again */
    if (read.files_count) p->files_place = attachments_ask(call, &read);
    call_send(call, on_before);
}
