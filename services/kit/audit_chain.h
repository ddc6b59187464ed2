/* How the chain of the audit log is checked: PostgreSQL computes each hash anew from the one stored before, by the function that wrote
 * it, on the server's bytes. Used by `paidan verify` and, a page at a time, by the console. The chain of events is chain.h's. */
#ifndef KIT_AUDIT_CHAIN_H
#define KIT_AUDIT_CHAIN_H

enum { AUDIT_CHAIN_PAGE = 5000 };

/* $1 int8: the last row seen, 0 at first; it comes again, as its hash is the next one's. So at most AUDIT_CHAIN_PAGE + 1 rows:
 * id, whether the hash fits. Ids go up by one; a gap is damage too. */
#define AUDIT_CHAIN_SQL                                                                                                \
    "SELECT id, hash = sha256(coalesce(before, decode(repeat('00', 32), 'hex')) || audit_record(id, at, user_id, "     \
    "role, "                                                                                                           \
    "unit, action, object, outcome, detail)) FROM (SELECT *, lag(hash) OVER (ORDER BY id) AS before FROM (SELECT * "   \
    "FROM audit WHERE id >= $1::int8 ORDER BY id LIMIT 5001) AS page) AS linked ORDER BY id"

/* One row: the head's id, the last row's id (0: none), whether the head has that row's hash; and the head's hash. No row: the head
 * is missing. */
#define AUDIT_HEAD_SQL                                                                                                 \
    "SELECT h.id, coalesce((SELECT max(id) FROM audit), 0), h.hash = coalesce((SELECT hash FROM audit WHERE id = "     \
    "h.id), decode(repeat('00', 32), 'hex')), h.hash FROM audit_head h"

#endif
