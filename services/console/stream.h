/* The live stream (SSE): each watcher gets a snapshot and then what changed, within its scope, one version after the other.
 * Watchers of one scope share each frame, which is encoded once. Who is disabled or signed off stops watching within 5 s. */
#ifndef CONSOLE_STREAM_H
#define CONSOLE_STREAM_H

#include "services/console/call.h"

struct streams;

struct streams *streams_new(struct console *console);
void streams_free(struct streams **streams);

/* GET /api/v1/stream */
void stream_get(struct call *call);

/* The router says what changed; not whole: something before it was missed. */
void streams_changed(struct streams *streams, const struct changes *changes, bool whole);
/* Something was missed, or the units are others now: everybody gets a snapshot next. */
void streams_missed(struct streams *streams);
/* The board was read anew. */
void streams_board(struct streams *streams, bool degraded_changed);
/* Each second or so: whether those who watch still may. */
void streams_tick(struct streams *streams);
/* Each turn: totals of scopes that are wanted are read, and those that differ are told. */
void streams_totals(struct streams *streams);

int streams_count(const struct streams *streams);

#endif
