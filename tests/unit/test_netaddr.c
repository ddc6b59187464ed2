/* common/netaddr.h: what a range holds, which addresses are public, and the ways of writing them that are none. */
#include "common/netaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool holds(const char *range_text, const char *address_text) {
    struct netaddr_range range, address;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    assert_int_equal(netaddr_range_parse(range_text, &range), ERR_NONE);
    assert_int_equal(netaddr_range_parse(address_text, &address), ERR_NONE);
    memcpy(&v6.sin6_addr, address.bytes, 16);
    return netaddr_range_holds(&range, (struct sockaddr *)&v6);
}

static void ranges_hold_what_they_say(void **unused) {
    assert_true(holds("10.0.0.0/8", "10.255.0.1"));
    assert_false(holds("10.0.0.0/8", "11.0.0.1"));
    assert_true(holds("192.0.2.7", "192.0.2.7"));
    assert_false(holds("192.0.2.7", "192.0.2.8"));
    assert_true(holds("172.16.0.0/12", "172.31.255.255"));
    assert_false(holds("172.16.0.0/12", "172.32.0.0"));
    assert_true(holds("0.0.0.0/0", "8.8.8.8"));
    assert_false(holds("0.0.0.0/0", "2001:4860::1"));
    assert_true(holds("fd00::/8", "fdff::1"));
    assert_true(holds("10.0.0.0/8", "::ffff:10.0.0.1"));
    static const char *const WRONG[] = {
        "",          "10.0.0.0/33", "10.0.0.1/8", "10.0.0/8",   "10.0.0.0/",    "10.0.0.0/-1", "10.0.0.0/8x", "::/129",
        "fd00::1/8", "x",           "1",          "0x7f.0.0.1", "10.0.0.0/8/8", " 10.0.0.0/8", "10.0.0.0/1e1"};
    struct netaddr_range range;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
        if (netaddr_range_parse(WRONG[i], &range) != ERR_INVALID) fail_msg("took %s", WRONG[i]);
}

static void what_is_public(void **unused) {
    static const struct {
        const char *text;
        bool is_public;
    } CASES[] = {{"8.8.8.8", true},
                 {"1.0.0.1", true},
                 {"223.5.5.5", true},
                 {"172.15.0.1", true},
                 {"172.32.0.1", true},
                 {"100.63.0.1", true},
                 {"100.64.0.1", false},
                 {"100.127.255.255", false},
                 {"127.0.0.1", false},
                 {"0.0.0.0", false},
                 {"169.254.169.254", false},
                 {"192.168.0.1", false},
                 {"198.18.0.1", false},
                 {"203.0.113.1", false},
                 {"239.1.1.1", false},
                 {"255.255.255.255", false},
                 {"2001:4860:4860::8888", true},
                 {"2400:3200::1", true},
                 {"::1", false},
                 {"::", false},
                 {"fe80::1", false},
                 {"fc00::1", false},
                 {"ff02::1", false},
                 {"2001:db8::1", false},
                 {"2001::1", false},
                 {"2002:808:808::1", false},
                 {"::ffff:8.8.8.8", true},
                 {"::ffff:10.0.0.1", false},
                 {"64:ff9b::8.8.8.8", true},
                 {"64:ff9b::10.0.0.1", false},
                 {"64:ff9b:1::8.8.8.8", false},
                 {"::8.8.8.8", false},
                 {"fec0::1", false},
                 {"5f00::1", false}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        struct sockaddr *address = (struct sockaddr *)&v6;
        if (inet_pton(AF_INET, CASES[i].text, &v4.sin_addr) == 1)
            address = (struct sockaddr *)&v4;
        else
            assert_int_equal(inet_pton(AF_INET6, CASES[i].text, &v6.sin6_addr), 1);
        if (netaddr_is_public(address) != CASES[i].is_public) fail_msg("%s", CASES[i].text);
    }
    struct sockaddr other = {.sa_family = AF_UNIX};
    assert_false(netaddr_is_public(&other));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges_hold_what_they_say), cmocka_unit_test(what_is_public)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
