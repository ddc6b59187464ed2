/* Outgoing HTTP and mail on the loop: webhooks, SMS gateways, the hotline's answer door, letters by SMTP. Made for endpoints that may be hostile:
 * http and https only, no redirects, no proxies from the environment, TLS always verified, the address checked at connect
 * (common/netaddr.h), every answer bounded in time and bytes, limits overall and per host, so that one hanging endpoint does
 * not hold the others up. One thread, the loop's. */
#ifndef COMMON_CLIENT_H
#define COMMON_CLIENT_H

#include "common/err.h"
#include "common/netaddr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct client;
struct client_call;

struct client_options {
    int calls_max;                        /* under way at once; 0: 64; the rest wait inside their deadline */
    int calls_per_host_max;               /* 0: 4 */
    int waiting_max;                      /* 0: 10,000; more: ERR_FULL */
    const struct netaddr_range *approved; /* addresses that are allowed though not public; copied */
    size_t approved_count;
    const char *user_agent; /* copied */
    const char *ca_file;    /* NULL: the system's */
};

struct client *client_new(struct loop *loop, const struct client_options *options);
void client_free(struct client **client); /* calls under way end with ERR_CLOSED */
void client_approve(struct client *client, const struct netaddr_range *approved, size_t approved_count); /* replaces */

/* What a mail needs beside its body, which is the whole message, head and all. From and to are bare mailboxes. */
struct client_mail {
    const char *from, *to;
    const char *user, *password; /* NULL: without */
    bool plain;                  /* TLS is not asked for; otherwise without it nothing is sent */
};

/* Everything is copied. */
struct client_request {
    const char *method;             /* "GET", "POST", ...; of a mail it is not looked at */
    const char *url;                /* http or https, without user and password; of a mail smtp or smtps */
    const struct client_mail *mail; /* NULL: HTTP */
    const char *const *headers;     /* "Name: value"; one with CR or LF makes the call ERR_INVALID */
    size_t header_count;
    const void *body;
    size_t body_length;
    int64_t timeout_ms;         /* over all, waiting included; 0: 10,000 */
    int64_t connect_timeout_ms; /* 0: 3,000 */
    size_t response_max;        /* bytes of body kept; more: ERR_TOO_LARGE; 0: 65,536 */
    int response_fd;            /* the body is written there instead of into memory; 0: none. Kept by the caller */
};

struct client_response {
    enum err err; /* ERR_NONE: the peer answered, with whatever status. ERR_INVALID: not a URL we use. ERR_REFUSED: the
                               address is not allowed. ERR_TIMEOUT, ERR_TOO_LARGE, ERR_FULL. ERR_CLOSED: not reached, cut, or canceled */
    bool sent;    /* the request may have reached the peer, whatever err says */
    int status; /* 0 without an answer; a redirect is a status like any other. Of a mail the last reply, also beside an err */
    const uint8_t
        *body; /* good until the callback returns; may be cut short when err is not ERR_NONE; NULL with response_fd */
    size_t body_length;
    int64_t retry_after_s;          /* from Retry-After in seconds or as a date; -1: not given */
    char address[NETADDR_TEXT_MAX]; /* the peer's, "" when none was reached */
    const char *message;            /* for the log */
    int64_t took_ms;
};

/* Called once, later, never from inside client_send. */
typedef void client_done(void *context, const struct client_response *response);

/* ret_call may be NULL; it is good until done is called. */
void client_send(struct client *client, const struct client_request *request, client_done *done, void *context,
                 struct client_call **ret_call);
/* done is called with ERR_CLOSED, later. */
void client_cancel(struct client *client, struct client_call *call);

int client_under_way(const struct client *client); /* and waiting */

#endif
