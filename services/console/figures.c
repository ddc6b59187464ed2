/* Figures: reading the log. Tickets that were open at any time of the period are those open now and those with an event since it
 * began; they are read in order of their numbers, a page a turn, each from its first event on. See figures.h. */
#include "services/console/figures.h"

#include <string.h>

#include "common/log.h"
#include "common/metrics.h"
#include "core/ticket.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/console/event_read.h"

METRIC_COUNTER(computed, "paidan_console_figures_total", "Figures asked for.", "outcome", "ok", "busy", "late",
               "failed");

enum { AT_ONCE_MAX = 4, DEADLINE_MS = 20000, DATE_FACTOR = 1000000000 };

struct figuring {
    struct call *call;
    struct figures_period period;
    int64_t after, below; /* ticket numbers still to be read */
    int64_t until;        /* monotonic */
};

static struct figuring *under_way[AT_ONCE_MAX];

static const struct db_statement PAGE = {
    "figures_page",
    "WITH page AS (SELECT id FROM ((SELECT id FROM ticket WHERE open AND id > $1::int8 AND id < $2::int8 ORDER BY id "
    "LIMIT 100) UNION (SELECT DISTINCT ticket FROM event WHERE at >= $3::int8 AND ticket > $1::int8 AND ticket < "
    "$2::int8 ORDER BY ticket LIMIT 100)) AS touched (id) ORDER BY id LIMIT 100) "
    "SELECT p.id, e.version, e.at, e.type, e.cause, e.body FROM page p LEFT JOIN event e ON e.ticket = p.id AND "
    "e.at < $4::int8 ORDER BY p.id, e.version"};
enum { PAGE_TICKETS = 100 };

/* ---- folding ------------------------------------------------------------------------------------------------------------------- */

bool figures_take(struct figures_period *period, const struct world *world, struct ticket *ticket,
                  const struct event *event) {
    static struct ticket before;
    if (!event_follows(event, ticket)) return false;
    before = *ticket;
    ticket_apply(ticket, event);
    bool early = event->at < period->from;
    figures_fold(early ? &period->before : &period->within, world, period->unit, &before, ticket, event);
    period->events += !early;
    return true;
}

static bool read_event(const struct db_result *rows, int i, struct event *event) {
    size_t len;
    const uint8_t *body = db_get_bytes(rows, i, 5, &len);
    event->ticket = db_get_int(rows, i, 0);
    event->version = (uint32_t)db_get_int(rows, i, 1);
    event->at = db_get_int(rows, i, 2);
    event->type = (uint8_t)db_get_int(rows, i, 3);
    event->cause = (uint8_t)db_get_int(rows, i, 4);
    return codec_decode(&type_effect, body, len, &event->effect, NULL) == CODEC_OK;
}

/* Returns how many tickets the page held. */
static int fold_page(struct figuring *f, const struct db_result *rows) {
    static struct ticket ticket;
    static struct event event;
    struct figures_period *period = &f->period;
    int tickets = 0;
    bool sound = true;
    for (int i = 0; i < db_rows(rows); i++) {
        int64_t id = db_get_int(rows, i, 0);
        if (id != f->after) {
            memset(&ticket, 0, sizeof ticket);
            sound = true;
            f->after = id;
            tickets++;
            period->tickets += !db_is_null(rows, i, 1);
        }
        if (!sound || db_is_null(rows, i, 1)) continue; /* it was received after the period */
        sound = read_event(rows, i, &event) && figures_take(period, call_world(f->call), &ticket, &event);
        if (sound) continue;
        period->unread++;
        log_error("event_not_folded", LOG_INT("ticket", id), LOG_INT("version", event.version));
    }
    return tickets;
}

/* ---- page after page ------------------------------------------------------------------------------------------------------------- */

static void leave(struct figuring *f) {
    for (int i = 0; i < AT_ONCE_MAX; i++)
        if (under_way[i] == f) under_way[i] = NULL;
}

static void read_page(struct figuring *f);

static void on_page(struct call *call, const struct db_reply *reply) {
    struct figuring *f = call->self;
    if (reply->err != ERR_NONE) {
        leave(f);
        metric_add(&computed, 3, 1);
        call_db_problem(call, reply);
    } else if (fold_page(f, reply->results[1]) == PAGE_TICKETS && clock_monotonic_ms() < f->until) {
        read_page(f);
    } else if (clock_monotonic_ms() >= f->until) {
        leave(f);
        metric_add(&computed, 2, 1);
        call_problem(call, 503, "数据过多, 未能及时算完; 请缩短期间或选定单位",
                     "Too much to count in the time there is; ask for a shorter period or for one unit");
    } else {
        leave(f);
        metric_add(&computed, 0, 1);
        figures_write(call_json(call), call->reference, &f->period);
        call_answer(call, 200);
    }
}

static void read_page(struct figuring *f) {
    struct call *call = f->call;
    call_read(call);
    struct db_call *page = call_add(call, &PAGE);
    db_set_int8(page, 1, f->after);
    db_set_int8(page, 2, f->below);
    db_set_int8(page, 3, f->period.from);
    db_set_int8(page, 4, f->period.to);
    call_send(call, on_page);
}

/* One at a time for each principal, and few in all. False: the answer was given. */
static bool begin(struct figuring *f) {
    const struct who *who = &f->call->who;
    int room = -1;
    for (int i = 0; i < AT_ONCE_MAX; i++) {
        const struct figuring *other = under_way[i];
        if (!other) {
            room = i;
        } else if (other->call->who.kind == who->kind && other->call->who.principal.user == who->principal.user) {
            metric_add(&computed, 1, 1);
            call_problem(f->call, 429, "您的上一次统计还在计算", "Your last figures are still being counted");
            return false;
        }
    }
    if (room < 0) {
        metric_add(&computed, 1, 1);
        call_problem(f->call, 503, "系统繁忙, 请稍后再试", "Too busy now, try again");
        return false;
    }
    under_way[room] = f;
    return true;
}

/* ---- what is asked ----------------------------------------------------------------------------------------------------------------- */

static time_ms month_start(time_ms time) {
    return clock_date_start(clock_date(time) / 100 * 100 + 1);
}

static void read_period(struct call *call, struct figures_period *period) {
    time_ms now = clock_now();
    bool has_from = http_query(call->request, "from") != NULL, has_to = http_query(call->request, "to") != NULL;
    call_query_period(call, &period->from, &period->to);
    if (!has_to || period->to > now) period->to = now;
    if (!has_from) period->from = month_start(period->to > 0 ? period->to - 1 : 0);
    if (call->wrong_count == 0 && period->from >= period->to)
        call_wrong(call, has_from ? "from" : "to", "期间的开始须早于结束, 也不能在将来",
                   "the period must begin before it ends, and not in the future");
}

void figures_get(struct call *call) {
    struct figuring *f = call_take(call, sizeof *f);
    const struct world *world = call_world(call);
    call->self = f;
    f->call = call;
    uint32_t unit = call_query_unit(call, "unit");
    read_period(call, &f->period);
    if (call_is_wrong(call, 400)) return;
    if (unit && !reach_has_unit(&call->reach, world, unit)) {
        call_not_found(call);
        return;
    }
    const struct unit *asked = world_unit(world, unit ? unit : call->reach.root);
    if (asked && asked->kind != UNIT_CENTER && asked->kind != UNIT_DISTRICT) { /* those are the whole (rule A4) */
        f->period.unit = asked->id;
        call->reach = (struct reach){.root = asked->id}; /* nothing else is needed, so nothing else is read */
    }
    f->below = ((int64_t)clock_date(f->period.to - 1) + 1) * DATE_FACTOR;
    f->until = clock_monotonic_ms() + DEADLINE_MS;
    call->takes_errors = true;
    if (begin(f)) read_page(f);
}
