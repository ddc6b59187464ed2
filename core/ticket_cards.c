/* Warnings and cards: a rung gives one to a unit, that unit appeals it, also when the ticket has gone to another, and it is withdrawn once
 * at most (rules L30, L44, L45). See ticket_inner.h; which rungs there are is core/ladder.h's. */
#include <string.h>

#include "core/say.h"
#include "core/ticket_guards.h"
#include "proto/must.h"

const struct card *ticket_card(const struct ticket *ticket, uint16_t no) {
    for (uint16_t i = 0; i < ticket->cards_count; i++) {
        if (ticket->cards[i].no == no) return &ticket->cards[i];
    }
    return NULL;
}

/* ---- which card a command is about ---- */

static bool appeal_waits(const struct ticket *t, uint32_t unit) {
    for (uint16_t i = 0; i < t->cards_count; i++) {
        if (t->cards[i].unit == unit && t->cards[i].appealed_unit != 0) return true;
    }
    return false;
}

/* Rule L12: not who appealed it, and nobody of the unit it was given to. */
static bool somebody_else_judges(const struct principal *by, const struct card *card) {
    bool own = card->appealed_unit != 0 && (by->user == card->appealed_by || by->unit == card->appealed_unit);
    return !own && by->unit != card->unit;
}

static enum verdict fits(const struct decision *d, const struct card *card) {
    bool appeal = d->cause == COMMAND_APPEAL_CARD;
    DEMAND(!appeal || access_acts_for(d->world, card->unit, &d->by), VERDICT_CARD_NOT_YOURS);
    DEMAND(!card->withdrawn, VERDICT_CARD_WITHDRAWN);
    DEMAND(!appeal || !appeal_waits(d->ticket, card->unit), VERDICT_ALREADY_ASKED);
    DEMAND(d->cause != COMMAND_REFUSE_APPEAL || card->appealed_unit != 0, VERDICT_NOT_ASKED);
    DEMAND(appeal || somebody_else_judges(&d->by, card), VERDICT_OWN_REQUEST);
    return VERDICT_OK;
}

static enum verdict named(const struct decision *d, const struct card **ret_card) {
    const struct command *c = d->command;
    *ret_card = ticket_card(d->ticket, c->card);
    DEMAND(*ret_card != NULL && (c->rung == 0 || c->rung == (*ret_card)->rung), VERDICT_CARD_UNKNOWN);
    return fits(d, *ret_card);
}

enum verdict ticket_fit_card(const struct decision *d, const struct card **ret_card) {
    const struct command *c = d->command;
    if (c != NULL && c->card != 0) return named(d, ret_card);
    enum verdict why_not = VERDICT_CARD_UNKNOWN;
    int fitting = 0, appealed = 0;
    for (uint16_t i = 0; i < d->ticket->cards_count; i++) {
        const struct card *card = &d->ticket->cards[i];
        if (c != NULL && c->rung != 0 && c->rung != card->rung) continue;
        enum verdict verdict = fits(d, card);
        bool says_more = verdict != VERDICT_CARD_NOT_YOURS || why_not == VERDICT_CARD_UNKNOWN;
        if (verdict != VERDICT_OK && says_more) why_not = verdict;
        if (verdict != VERDICT_OK) continue;
        fitting++;
        appealed += card->appealed_unit != 0;
        if (card->appealed_unit != 0 || appealed == 0) *ret_card = card;
    }
    DEMAND(fitting > 0, why_not);
    NEED(d, fitting == 1 || appealed == 1, VERDICT_CARD_WHICH); /* whoever judges means the one that was appealed */
    return VERDICT_OK;
}

/* ---- what happens to it ---- */

static struct card *card_of(struct ticket *t, const struct event *e) {
    struct card *card = (struct card *)ticket_card(t, e->effect.card);
    must(card != NULL);
    return card;
}

/* When all places are taken, one goes: withdrawn before standing, and none that somebody has yet to judge if it can be helped. */
static void make_room(struct ticket *t) {
    if (t->cards_count < TICKET_CARDS_MAX) return;
    uint16_t goes = 0;
    while (goes < t->cards_count && !t->cards[goes].withdrawn) goes++;
    if (goes == t->cards_count) goes = 0;
    while (goes + 1 < t->cards_count && t->cards[goes].appealed_unit != 0) goes++;
    t->cards_count--;
    memmove(&t->cards[goes], &t->cards[goes + 1], (t->cards_count - goes) * sizeof t->cards[0]);
}

static void give(struct ticket *t, const struct effect *f) {
    must(f->card == t->card_last + 1);
    make_room(t);
    t->cards[t->cards_count++] = (struct card){.no = f->card, .unit = f->unit, .stage = f->stage, .rung = f->rung};
    t->card_last = f->card;
}

static void take_back(struct ticket *t, struct card *card) {
    card->withdrawn = true;
    if (card->rung != t->highest_rung) return;
    t->highest_rung = RUNG_URGE;
    for (uint16_t i = 0; i < t->cards_count; i++) {
        const struct card *other = &t->cards[i];
        if (!other->withdrawn && other->rung > t->highest_rung) t->highest_rung = other->rung;
    }
}

void ticket_apply_card(struct ticket *t, const struct event *e) {
    if (e->effect.card == 0) return;
    if (e->type == EVENT_RUNG) {
        give(t, &e->effect);
        return;
    }
    struct card *card = card_of(t, e);
    bool appeal = e->type == EVENT_CARD_APPEALED;
    card->appealed_unit = appeal ? e->actor_unit : 0;
    card->appealed_by = appeal ? e->user : 0;
    if (e->type == EVENT_CARD_WITHDRAWN) take_back(t, card);
}

/* ---- looking ---- */

const char *ticket_check_cards(const struct ticket *t) {
    if (t->cards_count > TICKET_CARDS_MAX) return "too many cards";
    for (uint16_t i = 0; i < t->cards_count; i++) {
        const struct card *card = &t->cards[i];
        if (card->no == 0 || card->no > t->card_last) return "a card has no number";
        if (i > 0 && card->no <= t->cards[i - 1].no) return "cards are out of order";
        if (card->unit == 0 || card->stage == 0 || card->rung < RUNG_WARNING) return "a card is nobody's";
        if (card->withdrawn && card->appealed_unit != 0) return "a withdrawn card is under appeal";
        if (!card->withdrawn && card->rung > t->highest_rung) return "a card that stands is above the highest";
    }
    return NULL;
}

#define NAME_ITEM(value, name, text, zh, en) [value] = {zh, en},
static const struct name {
    const char *zh, *en;
} rung_names[RUNG_COUNT] = {RUNG_WORDS(NAME_ITEM)}, stage_names[STAGE_COUNT] = {STAGE_WORDS(NAME_ITEM)};

static void say_name(struct say *say, const struct name *name, enum lang lang) {
    say_text(say, lang == LANG_ZH ? name->zh : name->en);
}

static void say_card(struct say *say, const struct card *card, const struct routing_names *names, enum lang lang) {
    bool zh = lang == LANG_ZH;
    say_number(say, card->no, 0);
    say_text(say, zh ? " 号" : " ");
    say_name(say, &rung_names[card->rung], lang);
    say_text(say, zh ? "（" : " (");
    say_text(say, names->unit(names->context, card->unit, lang));
    say_text(say, zh ? "，" : ", ");
    say_name(say, &stage_names[card->stage], lang);
    say_text(say, zh ? "）" : ")");
}

size_t ticket_cards_say(const struct ticket *ticket, const struct routing_names *names, enum lang lang, char *ret_text,
                        size_t size) {
    struct say say;
    bool first = true;
    say_init(&say, ret_text, size);
    for (uint16_t i = 0; i < ticket->cards_count; i++) {
        if (ticket->cards[i].withdrawn) continue;
        say_text(&say, first ? "" : lang == LANG_ZH ? "、" : ", ");
        say_card(&say, &ticket->cards[i], names, lang);
        first = false;
    }
    return say.length;
}
