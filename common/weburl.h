/* Whether a text may be the address of somebody's endpoint, told before anything is sent, so that whoever types it learns what is
 * wrong and what would be right. It looks at the text, and at the network of an address written in figures. Where a name leads is
 * decided at each connect (common/client.h), which holds without this. */
#ifndef COMMON_WEBURL_H
#define COMMON_WEBURL_H

#include "common/netaddr.h"
#include "common/sentence.h"

enum { WEBURL_MAX = 2000 }; /* bytes */

/* http or https; no user, password or fragment; a host that is a name, four decimal numbers or [IPv6], written the one way there is;
 * port 80, 443 or one of 1024 to 65535. An address in figures must be public or inside one of the approved ranges. False: *ret_wrong
 * says why and what would be right; borrowed. */
bool weburl_is_fit(const char *url, const struct netaddr_range *approved, size_t approved_count,
                   struct sentence *ret_wrong);

#endif
