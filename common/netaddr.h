/* Which network addresses an outgoing connection may reach: a check of the address itself, made at connect, after every name
 * was resolved and every spelling (decimal, mapped, short) has become bytes. So no trick with names or notation matters. */
#ifndef COMMON_NETADDR_H
#define COMMON_NETADDR_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

/* A range of addresses; an IPv4 one is kept as ::ffff:a.b.c.d with 96 bits more. */
struct netaddr_range {
    uint8_t bytes[16];
    int prefix_bits; /* 0..128 */
};

enum { NETADDR_TEXT_MAX = 64 };

/* "10.0.0.0/8", "192.0.2.7", "fd00::/8". Bits behind the prefix must be zero. ERR_INVALID otherwise. */
MUST_USE enum err netaddr_range_parse(const char *text, struct netaddr_range *ret_range);
bool netaddr_range_holds(const struct netaddr_range *range, const struct sockaddr *address);

/* Whether it may be approved for what is not public: inside one private block (RFC 1918, RFC 6598, RFC 4193) or loopback, and no
 * wider than 65,536 addresses (/16) or, for IPv6, a site (/48). Link-local never: clouds keep their metadata there. */
bool netaddr_range_is_approvable(const struct netaddr_range *range);

/* False for loopback, private, link-local, shared, documentation, benchmark, multicast, reserved and unspecified addresses, for
 * those that carry such an IPv4 address inside (mapped, compatible, 6to4, NAT64, Teredo), and for what is no IP address. */
bool netaddr_is_public(const struct sockaddr *address);

/* Public, or inside one of the approved ranges. */
bool netaddr_is_allowed(const struct sockaddr *address, const struct netaddr_range *approved, size_t approved_count);

/* For logs: "192.0.2.7" or "2001:db8::1", without the port. */
void netaddr_text(const struct sockaddr *address, char ret_text[NETADDR_TEXT_MAX]);

#endif
