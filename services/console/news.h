/* Messages from and to the router: commands and their replies, what changed, heartbeats. News may be lost; what counts is the
 * sequence in it, and whoever misses some reads the database or the live queues again. */
#ifndef CONSOLE_NEWS_H
#define CONSOLE_NEWS_H

#include "proto/messages.h"
#include "services/console/console.h"

enum err news_open(struct console *console);
void news_close(struct console *console);

/* ERR_FULL: nobody takes it, try again later. */
MUST_USE enum err news_send(struct news *news, enum message_type type, int64_t id, const char *trace, const void *body);

/* The last sequence known to be committed: whatever shows less is behind. */
int64_t news_head(const struct news *news);
void news_heard(struct news *news, int64_t seq);

/* Whether the router gave a sign of life lately. */
bool news_router_lives(const struct news *news);
uint32_t news_epoch(const struct news *news);

#endif
