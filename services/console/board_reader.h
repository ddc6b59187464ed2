/* Keeps the board current. While anybody looks, the live queues are read from Redis by one script: those that changed whenever the router
 * has news (at most every queues_each ms; the more screens are told, the rarer: a thousand, five times a second), all of them each second,
 * as yellow, red and breaches change by time alone. With nobody looking, all each five seconds: a reading holds up Redis, and with it the
 * router, for milliseconds. When Redis is away, holds no finished queues, or stays behind the router's log for longer than a second,
 * PostgreSQL is read instead, at most once a second, and the board says degraded. */
#ifndef CONSOLE_BOARD_READER_H
#define CONSOLE_BOARD_READER_H

#include <stdbool.h>
#include <stdint.h>

struct console;
struct board_reader;

struct board_reader *board_reader_new(struct console *console);
void board_reader_free(struct board_reader **reader);

/* Where the numbers come from changed: read soon. */
void board_reader_wake(struct board_reader *reader);
/* Tickets changed: read soon if anybody looks. */
void board_reader_news(struct board_reader *reader);
/* Often (each 10 ms or so): does what is due. */
void board_reader_tick(struct board_reader *reader);

/* Calls fn(context, current) once the board shows all that was committed when asked and no number of it is older than a second, or after
 * half a second as it is: current says which. Perhaps from inside. */
void board_reader_when_current(struct board_reader *reader, void (*fn)(void *context, bool current), void *context);

#endif
