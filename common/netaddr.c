/* Addresses as 16 bytes, IPv4 in its mapped form, so that one comparison serves both. */
#include "common/netaddr.h"
#include "proto/must.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};
static const uint8_t NAT64[12] = {0x00, 0x64, 0xff, 0x9b};

/* IANA's special-purpose registries (RFC 6890 and its successors): what must not be taken for a place on the internet. */
static const char *const SPECIAL[] = {
    "0.0.0.0/8",       /* this network */
    "10.0.0.0/8",      /* private */
    "100.64.0.0/10",   /* shared, behind carriers' NAT */
    "127.0.0.0/8",     /* loopback */
    "169.254.0.0/16",  /* link-local, where clouds keep their metadata */
    "172.16.0.0/12",   /* private */
    "192.0.0.0/24",    /* protocol assignments */
    "192.0.2.0/24",    /* documentation */
    "192.88.99.0/24",  /* 6to4 relays */
    "192.168.0.0/16",  /* private */
    "198.18.0.0/15",   /* benchmarks */
    "198.51.100.0/24", /* documentation */
    "203.0.113.0/24",  /* documentation */
    "224.0.0.0/4",     /* multicast */
    "240.0.0.0/4",     /* reserved, broadcast */
    "2001::/23",       /* protocol assignments, with Teredo, benchmarks, ORCHID */
    "2001:db8::/32",   /* documentation */
    "2002::/16",       /* 6to4, carries any IPv4 address */
    "3fff::/20",       /* documentation */
};
enum { SPECIALS = sizeof SPECIAL / sizeof *SPECIAL };

static bool to_bytes(const struct sockaddr *address, uint8_t ret_bytes[16]) {
    if (address->sa_family == AF_INET6) {
        memcpy(ret_bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
        return true;
    }
    if (address->sa_family != AF_INET) return false;
    memcpy(ret_bytes, MAPPED, 12);
    memcpy(ret_bytes + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    return true;
}

static bool holds(const struct netaddr_range *range, const uint8_t bytes[16]) {
    int whole = range->prefix_bits / 8, rest = range->prefix_bits % 8;
    if (memcmp(range->bytes, bytes, (size_t)whole) != 0) return false;
    return rest == 0 || ((range->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

static bool parse_prefix(const char *text, int max, int *ret_bits) {
    size_t length = strlen(text);
    if (length == 0 || length > 3 || strspn(text, "0123456789") != length) return false;
    *ret_bits = atoi(text);
    return *ret_bits <= max;
}

enum err netaddr_range_parse(const char *text, struct netaddr_range *ret_range) {
    struct netaddr_range range = {.prefix_bits = 128};
    char address[NETADDR_TEXT_MAX];
    size_t length = strcspn(text, "/");
    if (length >= sizeof address) return ERR_INVALID;
    memcpy(address, text, length);
    address[length] = '\0';
    bool is_v4 = inet_pton(AF_INET, address, range.bytes + 12) == 1;
    if (is_v4)
        memcpy(range.bytes, MAPPED, 12);
    else if (inet_pton(AF_INET6, address, range.bytes) != 1)
        return ERR_INVALID;
    if (text[length] == '/') {
        int bits;
        if (!parse_prefix(text + length + 1, is_v4 ? 32 : 128, &bits)) return ERR_INVALID;
        range.prefix_bits = is_v4 ? 96 + bits : bits;
    }
    for (int bit = range.prefix_bits; bit < 128; bit++)
        if (range.bytes[bit / 8] >> (7 - bit % 8) & 1) return ERR_INVALID;
    *ret_range = range;
    return ERR_NONE;
}

bool netaddr_range_holds(const struct netaddr_range *range, const struct sockaddr *address) {
    uint8_t bytes[16];
    return to_bytes(address, bytes) && holds(range, bytes);
}

bool netaddr_range_is_approvable(const struct netaddr_range *range) {
    static const char *const blocks[] = {
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1"};
    bool is_v4 = memcmp(range->bytes, MAPPED, sizeof MAPPED) == 0;
    if (range->prefix_bits < (is_v4 ? 96 + 16 : 48)) return false;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        struct netaddr_range block;
        must(netaddr_range_parse(blocks[i], &block) == ERR_NONE);
        if (block.prefix_bits <= range->prefix_bits && holds(&block, range->bytes)) return true;
    }
    return false;
}

static const struct netaddr_range *special_ranges(void) {
    static struct netaddr_range ranges[SPECIALS];
    static bool is_ready;
    for (int i = 0; i < SPECIALS && !is_ready; i++) must(netaddr_range_parse(SPECIAL[i], &ranges[i]) == ERR_NONE);
    is_ready = true;
    return ranges;
}

bool netaddr_is_public(const struct sockaddr *address) {
    uint8_t bytes[16];
    if (!to_bytes(address, bytes)) return false;
    if (memcmp(bytes, NAT64, 12) == 0) memcpy(bytes, MAPPED, 12); /* ends at the IPv4 address it carries */
    bool is_v4 = memcmp(bytes, MAPPED, 12) == 0;
    if (!is_v4 && bytes[0] >> 5 != 1) return false; /* only 2000::/3 is global unicast */
    const struct netaddr_range *ranges = special_ranges();
    for (int i = 0; i < SPECIALS; i++)
        if (holds(&ranges[i], bytes)) return false;
    return true;
}

bool netaddr_is_allowed(const struct sockaddr *address, const struct netaddr_range *approved, size_t approved_count) {
    for (size_t i = 0; i < approved_count; i++)
        if (netaddr_range_holds(&approved[i], address)) return true;
    return netaddr_is_public(address);
}

void netaddr_text(const struct sockaddr *address, char ret_text[NETADDR_TEXT_MAX]) {
    const void *at = NULL;
    if (address->sa_family == AF_INET) at = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address->sa_family == AF_INET6) at = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (at == NULL || inet_ntop(address->sa_family, at, ret_text, NETADDR_TEXT_MAX) == NULL) strcpy(ret_text, "?");
}
