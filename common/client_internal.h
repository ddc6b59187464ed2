/* What the files of client_*.c share. Not for others. */
#ifndef COMMON_CLIENT_INTERNAL_H
#define COMMON_CLIENT_INTERNAL_H

#include "common/buffer.h"
#include "common/client.h"
#include "common/list.h"
#include "common/loop.h"

#include <curl/curl.h>

struct client_host;

struct client_call {
    struct list_place place; /* in its host's waiting, in client->running or client->ended */
    struct client *client;
    struct client_host *host;
    client_done *done;
    void *context;
    CURL *easy;
    struct curl_slist *headers;
    char *method, *url;
    uint8_t *body;
    size_t body_length, body_read;
    bool is_mail, is_plain;
    char *from, *user, *password;
    struct curl_slist *to;
    int64_t started_ms, deadline_ms, connect_timeout_ms;
    struct loop_timer *timer; /* while it waits */
    size_t response_max, response_length;
    int response_fd; /* 0: into `answer` */
    struct buffer answer;
    bool is_sent, is_refused, is_too_large;
    enum err err;
    int status;
    int64_t retry_after_s, took_ms;
    char address[NETADDR_TEXT_MAX], message[CURL_ERROR_SIZE];
};

/* Scheme, name and port: what "per host" means. */
struct client_host {
    struct client_host *next;
    char *name;
    int running;
    struct list waiting;
};

struct client {
    struct loop *loop;
    struct client_options options;
    struct netaddr_range *approved;
    char *user_agent, *ca_file;
    CURLM *multi;
    struct loop_timer *timer; /* curl's */
    struct loop_timer *soon;  /* calls back what has ended */
    struct list running, ended;
    struct client_host *hosts;
    struct client_host *turn; /* whose turn it is to start one */
    int waiting_count;
    int inside;
    bool freed;
};

/* client_mail.c: what is other about a mail */
void client_mail_prepare(struct client_call *call, const struct client_mail *mail);
void client_mail_set(struct client_call *call);
void client_mail_free(struct client_call *call);

/* client_call.c: one call as curl knows it */
enum err client_call_prepare(struct client_call *call, const struct client_request *request, char **ret_host);
bool client_call_start(struct client_call *call); /* false: curl has no handle for it */
void client_call_finish(struct client_call *call, CURLcode code);
void client_call_free(struct client_call *call);

#endif
