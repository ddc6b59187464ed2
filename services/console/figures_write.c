/* Figures: telling them. Every rate comes with what it is of and by which formula. See figures.h. */
#include <stdio.h>

#include "services/console/figures.h"
#include "services/console/ticket_json.h"

/* Per cent with one digit behind the point, null when there is nothing it could be of (rule F4). */
static void put_rate(struct json_writer *w, struct figure_rate rate) {
    int32_t permille = figures_permille(rate);
    json_put_int(w, "numerator", rate.hit);
    json_put_int(w, "denominator", rate.of);
    if (permille < 0)
        json_put_null(w, "value");
    else
        json_put_double(w, "value", permille / 10.0);
}

static void write_rates(struct json_writer *w, const struct figures *f) {
    const struct {
        const char *code, *zh, *en, *formula_zh, *formula_en;
        struct figure_rate rate;
    } rates[] = {
        {"sign_on_time", "按时签收率", "signed on time", "按时签收或退单数 / 签收和退单数",
         "signed or returned at or before the sign limit / signed or returned", f->sign_on_time},
        {"contact_on_time", "响应率", "contacted on time", "按时联系数 / 应联系数 (未联系就办结计为未按时)",
         "contacted at or before the contact limit / contacted, or finished without", f->contact_on_time},
        {"finish_on_time", "按时办结率", "finished on time", "按时办结数 / 办结数",
         "finished at or before the handling limit / finished", f->finish_on_time},
        {"close_on_time", "按时结案率", "closed on time", "在总时限内结案数 / 结案数",
         "closed at or before the whole limit / closed", f->close_on_time},
        {"solved", "解决率", "solved", "回访已解决数 / 回访接通数",
         "called back: solved / callbacks that reached somebody", f->solved},
        {"satisfied", "满意率", "satisfied", "回访满意数 / 回访已解决数", "satisfied / called back: solved",
         f->satisfied},
        {"returned", "退单率", "returned", "主办退单次数 / 收到工单数", "returns by leads / tickets received",
         f->returned},
        {"reworked", "重办率", "reworked", "重办次数 / 收到工单数", "reworks / tickets received", f->reworked},
        {"extended", "延期率", "extended", "同意延期次数 / 收到工单数", "extensions granted / tickets received",
         f->extended},
        {"arrived_on_time", "吹哨按时报到率", "arrived on time", "按时报到数 / 报到数",
         "whistled departments that arrived on time / that arrived", f->arrived_on_time},
    };
    json_put_open_list(w, "rates");
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        json_open(w);
        json_put_string(w, "code", rates[i].code);
        put_names(w, "name", rates[i].zh, rates[i].en);
        put_rate(w, rates[i].rate);
        put_names(w, "formula", rates[i].formula_zh, rates[i].formula_en);
        json_close(w);
    }
    json_close_list(w);
}

/* 就地化解率: where the work of the closed tickets was done. */
static void write_levels(struct json_writer *w, const struct figures *f) {
    json_put_open_list(w, "levels");
    for (int kind = 1; kind < UNIT_KIND_COUNT; kind++) {
        const struct word *word = word_by_value(WORDS_unit_kind, kind);
        if (!f->closed_at[kind]) continue;
        json_open(w);
        json_put_string(w, "code", word->text);
        put_names(w, "name", word->zh, word->en);
        put_rate(w, (struct figure_rate){.of = f->ended[STATE_CLOSED], .hit = f->closed_at[kind]});
        put_names(w, "formula", "本级办理后结案数 / 结案数", "closed after work at this level / closed");
        json_close(w);
    }
    json_close_list(w);
}

static void write_states(struct json_writer *w, const struct figures *f) {
    json_put_open_list(w, "times");
    for (int state = 1; state < STATE_COUNT; state++) {
        if (!f->time_in[state].stays) continue;
        const struct word *word = word_by_value(WORDS_state, state);
        json_open(w);
        json_put_string(w, "state", word->text);
        put_names(w, "name", word->zh, word->en);
        json_put_int(w, "stays", f->time_in[state].stays);
        json_put_int(w, "mean_ms", f->time_in[state].total_ms / f->time_in[state].stays);
        json_close(w);
    }
    json_close_list(w);
    json_put_open(w, "ended");
    for (int state = 1; state < STATE_COUNT; state++)
        if (f->ended[state]) json_put_int(w, word_text(WORDS_state, state), f->ended[state]);
    json_close(w);
}

static void write_pressure(struct json_writer *w, const struct figures *f) {
    json_put_open_list(w, "cards");
    for (int rung = 1; rung < RUNG_COUNT; rung++) {
        const struct word *word = word_by_value(WORDS_rung, rung);
        json_open(w);
        json_put_string(w, "rung", word->text);
        put_names(w, "name", word->zh, word->en);
        json_put_int(w, "given", f->rungs[rung]);
        json_put_int(w, "withdrawn", f->cards_withdrawn[rung]);
        json_close(w);
    }
    json_close_list(w);
    json_put_int(w, "fallbacks", f->fallbacks);
    json_put_int(w, "urged", f->urged);
    json_put_int(w, "supervisions", f->supervisions);
    json_put_int(w, "replies", f->replies);
}

/* Rule F1 for a period: what was in progress before it came over. */
static void write_counters(struct json_writer *w, const struct figures_period *p) {
    char text[160];
    struct figures all = p->before;
    figures_add(&all, &p->within);
    int64_t carried = p->before.in_progress, received = p->within.received, closed = p->within.closed,
            left = p->within.left, in_progress = all.in_progress;
    json_put_open(w, "counters");
    json_put_int(w, "carried_over", carried);
    json_put_int(w, "received", received);
    json_put_int(w, "closed", closed);
    json_put_int(w, "left", left);
    json_put_int(w, "in_progress", in_progress);
    json_put_int(w, "supervised", all.supervised);
    json_close(w);
    snprintf(text, sizeof text, "%lld + %lld = %lld + %lld + %lld", (long long)carried, (long long)received,
             (long long)closed, (long long)left, (long long)in_progress);
    json_put_open(w, "identity");
    json_put_bool(w, "holds", figures_hold(&all) && carried + received == closed + left + in_progress);
    json_put_string(w, "text", text);
    put_names(w, "formula", "期初在办 + 收到 = 结案 + 转出 + 期末在办; 督办为期末在办的一部分",
              "carried over + received = closed + left + in progress; supervised is a part of in progress");
    json_close(w);
}

void figures_write(struct json_writer *w, const struct reference *reference, const struct figures_period *period) {
    json_open(w);
    put_unit(w, "unit", reference, period->unit);
    json_put_time(w, "from", period->from);
    json_put_time(w, "to", period->to);
    write_counters(w, period);
    write_rates(w, &period->within);
    write_levels(w, &period->within);
    write_states(w, &period->within);
    write_pressure(w, &period->within);
    json_put_int(w, "tickets", period->tickets);
    json_put_int(w, "events", period->events);
    json_put_int(w, "unread", period->unread);
    json_close(w);
}
