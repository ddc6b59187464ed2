/* What `paidan verify` checks, each part by itself: the hash chain of each shard's events, the chain of the audit log, and that
 * replaying each ticket's events through core gives the ticket's row byte for byte (I4, I5, I11). Reads PostgreSQL alone, in one snapshot; changes
 * nothing. Every part goes on behind a damage where that says something, and names the place of the first ones. */
#ifndef PAIDAN_VERIFY_H
#define PAIDAN_VERIFY_H

#include "common/db_blocking.h"
#include "common/sentence.h"

enum { VERIFY_DAMAGES_KEPT = 20, VERIFY_TEXT_BYTES = 200 };

struct verify_damage {
    char place[VERIFY_TEXT_BYTES]; /* "shard 1, seq 8123", "T20261121010000001, version 4", "audit 77" */
    struct sentence what;          /* static */
    char detail[VERIFY_TEXT_BYTES];
};

/* What was seen. Lives in memory shared with the process that folds tickets. */
struct verify {
    int64_t events, tickets, audits, requests;
    int64_t replayed; /* events folded */
    int64_t damage_count;
    struct verify_damage damages[VERIFY_DAMAGES_KEPT];
    int64_t ticket; /* being folded */
    uint32_t version;
    bool progress; /* tell on stderr */
};

void verify_damage(struct verify *verify, const char *place, struct sentence what, const char *detail);
void verify_progress(const struct verify *verify, bool end);

/* Each: ERR_NONE when everything could be read, whatever was found. */
MUST_USE enum err verify_chains(struct db_blocking *db, struct verify *verify);
MUST_USE enum err verify_audit(struct db_blocking *db, struct verify *verify);
/* Tickets after `after`, by number. */
MUST_USE enum err verify_tickets(struct db_blocking *db, struct verify *verify, int64_t after);
/* Requests that lead to no ticket though the router has passed them. */
MUST_USE enum err verify_requests(struct db_blocking *db, struct verify *verify);

#endif
