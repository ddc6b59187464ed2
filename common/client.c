/* Which call runs when: fair turns between hosts, limits per host and overall, deadlines while waiting; and curl's sockets and
 * timer in our loop. */
#include "common/client_internal.h"
#include "common/clock.h"
#include "proto/must.h"

#include <stdio.h>
#include <stdlib.h>

enum { CALLS_MAX = 64, CALLS_PER_HOST_MAX = 4, WAITING_MAX = 10000 };

static void pump(struct client *client);

/* ---- hosts --------------------------------------------------------------------------------------------------------- */

/* Takes the name. */
static struct client_host *host_find(struct client *client, char *name) {
    for (struct client_host *host = client->hosts; host != NULL; host = host->next) {
        if (strcmp(host->name, name) != 0) continue;
        free(name);
        return host;
    }
    struct client_host *host = calloc(1, sizeof *host);
    must(host != NULL);
    host->name = name;
    host->next = client->hosts;
    return client->hosts = host;
}

static void host_forget_if_idle(struct client *client, struct client_host *host) {
    if (host->running > 0 || host->waiting.count > 0) return;
    struct client_host **link = &client->hosts;
    while (*link != host) link = &(*link)->next;
    *link = host->next;
    if (client->turn == host) client->turn = host->next;
    free(host->name);
    free(host);
}

/* ---- ends ---------------------------------------------------------------------------------------------------------- */

static void leave_host(struct client_call *call, bool was_running) {
    struct client_host *host = call->host;
    call->host = NULL;
    if (was_running)
        host->running--;
    else
        call->client->waiting_count--;
    host_forget_if_idle(call->client, host);
}

/* To the ended ones, wherever it is now. */
static void end(struct client_call *call) {
    struct client *client = call->client;
    loop_timer_free(&call->timer);
    if (call->place.list != NULL) {
        bool was_running = call->place.list == &client->running;
        if (was_running) curl_multi_remove_handle(client->multi, call->easy);
        list_remove(call);
        leave_host(call, was_running);
    }
    list_push(&client->ended, call);
    if (!client->freed) loop_timer_start(client->soon, 0, 0);
}

static void end_with(struct client_call *call, enum err err, const char *message) {
    call->err = err;
    call->took_ms = clock_monotonic_ms() - call->started_ms;
    call->retry_after_s = -1;
    snprintf(call->message, sizeof call->message, "%s", message);
    end(call);
}

static void call_back(struct client_call *call) {
    struct client_response response = {.err = call->err,
                                       .sent = call->is_sent,
                                       .status = call->status,
                                       .body = call->answer.data,
                                       .body_length = call->response_length,
                                       .retry_after_s = call->retry_after_s,
                                       .message = call->message,
                                       .took_ms = call->took_ms};
    strcpy(response.address, call->address);
    if (call->done != NULL) call->done(call->context, &response);
    client_call_free(call);
}

static void destroy(struct client *client) {
    curl_multi_cleanup(client->multi);
    loop_timer_free(&client->timer);
    loop_timer_free(&client->soon);
    free(client->approved);
    free(client->user_agent);
    free(client->ca_file);
    free(client);
}

static void call_back_all(void *context) {
    struct client *client = context;
    client->inside++;
    for (struct client_call *call; (call = list_pop(&client->ended)) != NULL;) call_back(call);
    client->inside--;
    if (client->freed && client->inside == 0) destroy(client);
}

/* ---- curl in our loop ------------------------------------------------------------------------------------------------ */

struct watched {
    struct client *client;
    struct loop_fd *watcher;
    curl_socket_t fd;
};

static void take_ended(struct client *client) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;) {
        struct client_call *call;
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode code = message->data.result; /* message is gone with the handle */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        client_call_finish(call, code);
        end(call);
    }
    pump(client);
}

static void act(struct client *client, curl_socket_t fd, int ready) {
    int running;
    curl_multi_socket_action(client->multi, fd, ready, &running);
    take_ended(client);
}

static void on_ready(void *context, int ready) {
    const struct watched *watched = context;
    act(watched->client, watched->fd,
        (ready & LOOP_READ ? CURL_CSELECT_IN : 0) | (ready & LOOP_WRITE ? CURL_CSELECT_OUT : 0));
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *watched_) {
    struct client *client = context;
    struct watched *watched = watched_;
    if (what == CURL_POLL_REMOVE) {
        curl_multi_assign(client->multi, fd, NULL);
        if (watched != NULL) loop_fd_free(&watched->watcher);
        free(watched);
        return 0;
    }
    if (watched == NULL) {
        watched = calloc(1, sizeof *watched);
        must(watched != NULL);
        *watched = (struct watched){.client = client, .fd = fd};
        must(loop_fd_new(client->loop, fd, on_ready, watched, &watched->watcher) == ERR_NONE);
        curl_multi_assign(client->multi, fd, watched);
    }
    loop_fd_watch(watched->watcher, (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0));
    return 0;
}

static void on_timer(void *context) {
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int on_wish_for_timer(CURLM *multi, long delay_ms, void *context) {
    struct client *client = context;
    if (delay_ms < 0)
        loop_timer_stop(client->timer);
    else
        loop_timer_start(client->timer, delay_ms, 0);
    return 0;
}

/* ---- starting ---------------------------------------------------------------------------------------------------------- */

static void start_one(struct client_host *host) {
    struct client_call *call = list_pop(&host->waiting);
    struct client *client = call->client;
    loop_timer_free(&call->timer);
    client->waiting_count--;
    host->running++;
    list_push(&client->running, call);
    if (!client_call_start(call)) end_with(call, ERR_MEMORY, "no handle for the call");
}

/* One call of each host in turn, until all limits are reached. */
static void pump(struct client *client) {
    int without = 0, hosts = 0;
    for (struct client_host *host = client->hosts; host != NULL; host = host->next) hosts++;
    while (without < hosts && client->running.count < client->options.calls_max && client->hosts != NULL) {
        struct client_host *host = client->turn != NULL ? client->turn : client->hosts;
        client->turn = host->next;
        without++;
        if (host->waiting.count == 0 || host->running >= client->options.calls_per_host_max) continue;
        start_one(host);
        without = 0;
    }
}

static void waited_too_long(void *context) {
    struct client_call *call = context;
    end_with(call, ERR_TIMEOUT, "the deadline passed before its turn came");
}

void client_send(struct client *client, const struct client_request *request, client_done *done, void *context,
                 struct client_call **ret_call) {
    must(!client->freed);
    char *host_name = NULL;
    struct client_call *call = calloc(1, sizeof *call);
    must(call != NULL);
    call->client = client;
    call->done = done;
    call->context = context;
    if (ret_call != NULL) *ret_call = call;
    enum err err = client_call_prepare(call, request, &host_name);
    if (err == ERR_NONE && client->waiting_count >= client->options.waiting_max) err = ERR_FULL;
    if (err != ERR_NONE) {
        free(host_name);
        end_with(call, err, err == ERR_FULL ? "too many calls are waiting" : "not a request we send");
        return;
    }
    call->host = host_find(client, host_name);
    list_push(&call->host->waiting, call);
    client->waiting_count++;
    call->timer = loop_timer_new(client->loop, waited_too_long, call);
    loop_timer_start(call->timer, call->deadline_ms - call->started_ms, 0);
    pump(client);
}

void client_cancel(struct client *client, struct client_call *call) {
    if (call->place.list == &client->ended) return; /* its end is being told already */
    end_with(call, ERR_CLOSED, "canceled");
    pump(client);
}

int client_under_way(const struct client *client) {
    return client->running.count + client->waiting_count + client->ended.count;
}

/* ---- life ---------------------------------------------------------------------------------------------------------------- */

void client_approve(struct client *client, const struct netaddr_range *approved, size_t approved_count) {
    free(client->approved);
    client->approved = calloc(approved_count + 1, sizeof *approved);
    must(client->approved != NULL);
    if (approved_count > 0) memcpy(client->approved, approved, approved_count * sizeof *approved);
    client->options.approved_count = approved_count;
}

struct client *client_new(struct loop *loop, const struct client_options *options) {
    static bool curl_is_ready;
    if (!curl_is_ready) must(curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK);
    curl_is_ready = true;
    struct client *client = calloc(1, sizeof *client);
    must(client != NULL);
    client->loop = loop;
    client->options = *options;
    if (options->calls_max <= 0) client->options.calls_max = CALLS_MAX;
    if (options->calls_per_host_max <= 0) client->options.calls_per_host_max = CALLS_PER_HOST_MAX;
    if (options->waiting_max <= 0) client->options.waiting_max = WAITING_MAX;
    client->user_agent = strdup(options->user_agent != NULL ? options->user_agent : "paidan");
    client->ca_file = options->ca_file != NULL ? strdup(options->ca_file) : NULL;
    client_approve(client, options->approved, options->approved_count);
    client->timer = loop_timer_new(loop, on_timer, client);
    client->soon = loop_timer_new(loop, call_back_all, client);
    client->multi = curl_multi_init();
    must(client->multi != NULL && client->user_agent != NULL);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_wish_for_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)client->options.calls_max);
    return client;
}

void client_free(struct client **client_) {
    struct client *client = *client_;
    *client_ = NULL;
    if (client == NULL) return;
    client->freed = true;
    loop_timer_stop(client->soon);
    while (client->running.first != NULL)
        end_with(list_first(&client->running), ERR_CLOSED, "the client is going away");
    while (client->hosts != NULL) end_with(list_first(&client->hosts->waiting), ERR_CLOSED, "the client is going away");
    call_back_all(client); /* inside one of its own callbacks: destroyed when that has come back */
}
