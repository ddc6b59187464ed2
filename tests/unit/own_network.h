/* A network of the test's own, in namespaces: every address there is leads back to this machine, so whatever a program lets itself be
 * talked into connecting to can be listened for; and a name server that says what the test wants. Nothing leaves the namespace. */
#ifndef TESTS_UNIT_OWN_NETWORK_H
#define TESTS_UNIT_OWN_NETWORK_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/loop.h"

/* ---- addresses --------------------------------------------------------------------------------------------------------- */

/* A route of that kind (RTN_LOCAL: it is us; RTN_UNREACHABLE) for an address, or for all of the family when it is NULL. */
static inline bool own_network_route(int family, uint8_t kind, const void *address) {
    struct {
        struct nlmsghdr head;
        struct rtmsg route;
        uint8_t more[64];
    } ask = {.head = {.nlmsg_type = RTM_NEWROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE},
             .route = {.rtm_family = (uint8_t)family,
                       .rtm_table = RT_TABLE_LOCAL,
                       .rtm_protocol = RTPROT_BOOT,
                       .rtm_scope = family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
                       .rtm_type = kind}};
    size_t used = NLMSG_LENGTH(sizeof ask.route), size = family == AF_INET ? 4 : 16;
    uint32_t device = if_nametoindex("lo");
    const struct {
        uint16_t type;
        const void *bytes;
        size_t size;
    } more[] = {{RTA_OIF, &device, sizeof device}, {RTA_DST, address, size}};
    for (int i = kind == RTN_LOCAL ? 0 : 1; i < (address ? 2 : 1); i++) {
        struct rtattr *attribute = (struct rtattr *)(void *)((char *)&ask + used);
        attribute->rta_type = more[i].type;
        attribute->rta_len = (uint16_t)RTA_LENGTH(more[i].size);
        memcpy(RTA_DATA(attribute), more[i].bytes, more[i].size);
        used += RTA_SPACE(more[i].size);
    }
    if (address) ask.route.rtm_dst_len = (uint8_t)(8 * size);
    ask.head.nlmsg_len = (uint32_t)used;
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[256];
    } told = {0};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool done = fd >= 0 && send(fd, &ask, used, 0) == (ssize_t)used && recv(fd, &told, sizeof told, 0) > 0 &&
                told.head.nlmsg_type == NLMSG_ERROR && told.error.error == 0;
    if (fd >= 0) close(fd);
    return done;
}

static inline bool own_network_write(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) close(fd);
    return done;
}

/* Names are asked at 127.0.0.1, after the few of `hosts`. */
static inline bool own_network_names(const char *hosts) {
    char path[] = "/tmp/paidan-network-XXXXXX", file[64];
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || !mkdtemp(path)) return false;
    bool done = mount("none", path, "tmpfs", 0, NULL) == 0;
    snprintf(file, sizeof file, "%s/resolv", path);
    done = done && own_network_write(file, "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n") &&
           mount(file, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0;
    snprintf(file, sizeof file, "%s/hosts", path);
    done = done && own_network_write(file, hosts) && mount(file, "/etc/hosts", NULL, MS_BIND, NULL) == 0;
    umount2(path, MNT_DETACH);
    rmdir(path);
    return done;
}

/* Before there are threads. False: this machine does not let us; nothing is known to have changed. */
static inline bool own_network_enter(const char *hosts) {
    char map[64];
    unsigned user = getuid();
    if (unshare(CLONE_NEWNET | CLONE_NEWNS)) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)) return false;
        snprintf(map, sizeof map, "0 %u 1", user);
        if (!own_network_write("/proc/self/setgroups", "deny") || !own_network_write("/proc/self/uid_map", map))
            return false;
    }
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
    if (fd >= 0) close(fd);
    own_network_route(AF_INET6, RTN_LOCAL, NULL); /* a machine may be without IPv6 */
    return done && own_network_route(AF_INET, RTN_LOCAL, NULL) && own_network_names(hosts);
}

/* ---- names ----------------------------------------------------------------------------------------------------------------- */

struct own_name {
    const char *name;
    const char *addresses[4]; /* IPv4 and IPv6 */
    const char *later;        /* the one address it has after the first time it was asked for; NULL: the same ones */
    int asked;
};

static struct {
    int fd;
    struct loop_fd *watcher;
    struct own_name *names;
    size_t count;
} own_names;

static inline size_t own_names_put(uint8_t *out, const char *address, int type) {
    size_t size = type == 1 ? 4 : 16;
    uint8_t bytes[16];
    if (inet_pton(type == 1 ? AF_INET : AF_INET6, address, bytes) != 1) return 0;
    const uint8_t head[] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 0, 0, (uint8_t)size}; /* lives for 0 seconds */
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, bytes, size);
    return sizeof head + size;
}

static inline void own_names_answer(void *context, int ready) {
    uint8_t bytes[1024];
    char name[256] = "";
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t got = recvfrom(own_names.fd, bytes, 512, 0, (struct sockaddr *)&from, &from_len);
    if (got < 17) return;
    size_t at = 12, used = 0;
    while (bytes[at] && at + bytes[at] < (size_t)got) {
        used += (size_t)snprintf(name + used, sizeof name - used, "%s%.*s", used ? "." : "", bytes[at], bytes + at + 1);
        at += bytes[at] + 1u;
    }
    int type = bytes[at + 2];
    size_t end = at + 5;
    struct own_name *found = NULL;
    for (size_t i = 0; i < own_names.count && !found; i++)
        if (!strcmp(own_names.names[i].name, name)) found = &own_names.names[i];
    memcpy(bytes + 2, "\x81\x80\0\1\0\0\0\0\0\0", 10);
    if (!found) bytes[3] |= 3;
    bool is_later = found && found->later && found->asked++ > 1; /* once for IPv4, once for IPv6 */
    for (int i = 0; found && i < (is_later ? 1 : 4); i++) {
        const char *address = is_later ? found->later : found->addresses[i];
        size_t size = address ? own_names_put(bytes + end, address, type) : 0;
        bytes[7] = (uint8_t)(bytes[7] + (size > 0));
        end += size;
    }
    sendto(own_names.fd, bytes, end, 0, (struct sockaddr *)&from, from_len);
}

static inline bool own_names_open(struct loop *loop, struct own_name *names, size_t count) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    own_names.names = names;
    own_names.count = count;
    own_names.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(own_names.fd, (struct sockaddr *)&here, sizeof here) ||
        loop_fd_new(loop, own_names.fd, own_names_answer, NULL, &own_names.watcher) != ERR_NONE)
        return false;
    loop_fd_watch(own_names.watcher, LOOP_READ);
    return true;
}

static inline void own_names_close(void) {
    loop_fd_free(&own_names.watcher);
    close(own_names.fd);
}

#endif
