/* The open tickets of a shard in memory: number -> the encoded ticket, the very bytes of ticket.body. Kept encoded because a
 * million of them must fit (a ticket is about 150 to 300 bytes so, 3.7 kB as a struct) and because loading is then copying.
 * Not for deciding (engine.h) nor for storing (writer.h). */
#ifndef ROUTER_STORE_H
#define ROUTER_STORE_H

#include <stddef.h>
#include <stdint.h>

struct store;

struct store *store_new(void);
void store_free(struct store **store);
void store_clear(struct store *store);

/* Borrowed until the next store_put, store_remove or store_clear; NULL when there is no such ticket. */
const uint8_t *store_get(const struct store *store, int64_t ticket, size_t *ret_len);
/* Copies the bytes; replaces what is there. len 1..65535. */
void store_put(struct store *store, int64_t ticket, const uint8_t *bytes, size_t len);
void store_remove(struct store *store, int64_t ticket);
size_t store_count(const struct store *store);
/* Bytes held, index included. */
size_t store_bytes(const struct store *store);

/* Numbers of all tickets, in no order; ret_tickets has room for store_count. For walking in pieces while tickets change:
 * take the numbers once, then store_get each when its turn comes. */
void store_tickets(const struct store *store, int64_t *ret_tickets);

#endif
