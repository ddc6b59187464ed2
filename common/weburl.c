/* The text is taken apart by hand: libcurl's parser is lenient where we must not be (it reads 0x7f.1 as 127.0.0.1). */
#include "common/weburl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 253, LABEL_MAX = 63 };
#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct parts {
    const char *host; /* without brackets */
    size_t host_len;
    bool is_bracketed;
    const char *port; /* NULL: none */
    size_t port_len;
};

static const struct sentence FIT;
#define WRONG(zh, en)                                                                                                  \
    (struct sentence) {                                                                                                \
        zh, en                                                                                                         \
    }

/* ---- the parts ----------------------------------------------------------------------------------------------------- */

static struct sentence check_characters(const char *url) {
    size_t len = strlen(url);
    if (len == 0)
        return WRONG("请给出地址, 如 https://example.org/hook", "give an address, such as https://example.org/hook");
    if (len > WEBURL_MAX)
        return WRONG("地址过长, 不得超过 2000 个字符", "the address is too long: at most 2,000 characters");
    for (const char *at = url; *at; at++)
        if (*at <= ' ' || *at > '~' || *at == '\\')
            return WRONG(
                "只能用 ASCII 字符, 不含空格和反斜杠; 中文域名请写成 xn-- 形式, 路径请用 %XX",
                "plain ASCII only, without spaces and backslashes: write other names as xn--..., paths with %XX");
    if (strchr(url, '#')) return WRONG("不要带 # 片段", "leave out the fragment behind #");
    return FIT;
}

static struct sentence take_apart(const char *url, struct parts *ret_parts) {
    const char *at = !strncasecmp(url, "https://", 8) ? url + 8 : !strncasecmp(url, "http://", 7) ? url + 7 : NULL;
    if (!at) return WRONG("须以 https:// 或 http:// 开头", "must begin with https:// or http://");
    size_t len = strcspn(at, "/?");
    if (memchr(at, '@', len))
        return WRONG("地址中不得含用户名或口令; 身份由签名证明",
                     "leave out user name and password: the signature tells who sends");
    const char *end = at + len, *close = *at == '[' ? memchr(at, ']', len) : NULL;
    if (*at == '[' && !close) return WRONG("IPv6 地址缺少 ]", "the IPv6 address lacks its ]");
    *ret_parts = (struct parts){.host = close ? at + 1 : at, .is_bracketed = close != NULL};
    const char *behind = close ? close + 1 : memchr(at, ':', len);
    ret_parts->host_len = (size_t)((close ? close : behind ? behind : end) - ret_parts->host);
    if (behind && behind < end) {
        if (*behind != ':') return WRONG("] 之后只能是 :端口", "only :PORT may follow the ]");
        ret_parts->port = behind + 1;
        ret_parts->port_len = (size_t)(end - ret_parts->port);
    }
    if (ret_parts->host_len == 0) return WRONG("缺少主机名", "the host is missing");
    return FIT;
}

static struct sentence check_port(const struct parts *parts) {
    if (!parts->port) return FIT;
    long port = parts->port_len > 0 && parts->port_len < 6 ? strtol(parts->port, NULL, 10) : 0;
    if (strspn(parts->port, DIGITS) < parts->port_len || (port != 80 && port != 443 && (port < 1024 || port > 65535)))
        return WRONG("端口须为 80, 443 或 1024 至 65535", "the port must be 80, 443 or one of 1024 to 65535");
    return FIT;
}

/* ---- the host -------------------------------------------------------------------------------------------------------- */

static struct sentence check_address(const struct sockaddr *address, const struct netaddr_range *approved,
                                     size_t approved_count) {
    if (netaddr_is_allowed(address, approved, approved_count)) return FIT;
    return WRONG(
        "此地址不在公网; 内网网段须先由安全管理员批准 (paidan network approve), 本机链路和保留地址不能使用",
        "this is no public address: a private network must be approved by the security administrator first (paidan "
        "network approve); link-local and reserved addresses cannot be used");
}

static struct sentence check_v6(const char *host, const struct netaddr_range *approved, size_t approved_count) {
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
        return WRONG("不是 IPv6 地址; 写法如 [2001:db8::1], 不带区域标识",
                     "no IPv6 address; write it like [2001:db8::1], without a zone");
    return check_address((const struct sockaddr *)&v6, approved, approved_count);
}

/* Whatever ends in a number is taken for an IPv4 address by some reader somewhere (127.1, 0177.0.0.1, 2130706433, 0x7f000001). */
static bool ends_in_a_number(const char *host) {
    const char *dot = strrchr(host, '.'), *last = dot ? dot + 1 : host;
    if (!strncasecmp(last, "0x", 2)) return strspn(last + 2, DIGITS "abcdefABCDEF") == strlen(last + 2);
    return *last && strspn(last, DIGITS) == strlen(last);
}

static struct sentence check_v4(const char *host, const struct netaddr_range *approved, size_t approved_count) {
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, host, &v4.sin_addr) != 1)
        return WRONG("IPv4 地址须写成四个十进制数, 如 203.0.113.7, 不带前导零",
                     "write an IPv4 address as four decimal numbers, such as 203.0.113.7, without leading zeros");
    return check_address((const struct sockaddr *)&v4, approved, approved_count);
}

static struct sentence check_name(const char *host) {
    for (const char *label = host;; label++) {
        size_t len = strcspn(label, ".");
        if (len == 0)
            return WRONG("主机名中有多余的点 (末尾也不要点)", "the host has a dot too many (also none at its end)");
        if (len > LABEL_MAX)
            return WRONG("主机名的一段超过 63 个字符", "a part of the host is longer than 63 characters");
        if (strspn(label, LETTERS DIGITS "-_") < len || *label == '-' || label[len - 1] == '-')
            return WRONG("主机名只能含字母、数字、- 和点", "a host has only letters, digits, - and dots");
        label += len;
        if (!*label) return FIT;
    }
}

static struct sentence check_host(const struct parts *parts, const struct netaddr_range *approved,
                                  size_t approved_count) {
    char host[HOST_MAX + 1];
    if (parts->host_len > HOST_MAX) return WRONG("主机名超过 253 个字符", "the host is longer than 253 characters");
    memcpy(host, parts->host, parts->host_len);
    host[parts->host_len] = '\0';
    if (parts->is_bracketed) return check_v6(host, approved, approved_count);
    if (ends_in_a_number(host)) return check_v4(host, approved, approved_count);
    return check_name(host);
}

bool weburl_is_fit(const char *url, const struct netaddr_range *approved, size_t approved_count,
                   struct sentence *ret_wrong) {
    struct parts parts;
    struct sentence wrong = check_characters(url);
    if (!wrong.zh) wrong = take_apart(url, &parts);
    if (!wrong.zh) wrong = check_host(&parts, approved, approved_count);
    if (!wrong.zh) wrong = check_port(&parts);
    if (!wrong.zh) return true;
    *ret_wrong = wrong;
    return false;
}
