#define _GNU_SOURCE
/* One call as curl knows it: checked, set up, and its end translated. */
#include "common/clock.h"
#include "common/client_internal.h"
#include "proto/must.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { URL_MAX = 2048, TIMEOUT_MS = 10000, CONNECT_TIMEOUT_MS = 3000, RESPONSE_MAX = 65536 };

/* ---- checking ----------------------------------------------------------------------------------------------------- */

static bool is_method(const char *method) {
    size_t length = strlen(method);
    return length > 0 && length < 16 && strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == length;
}

static bool is_header(const char *header) {
    return strpbrk(header, "\r\n") == NULL && strchr(header, ':') != NULL && header[0] != ':';
}

static char *url_part(CURLU *url, CURLUPart part, unsigned flags) {
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool is_scheme(const char *scheme, bool is_mail) {
    return strcmp(scheme, is_mail ? "smtp" : "http") == 0 || strcmp(scheme, is_mail ? "smtps" : "https") == 0;
}

/* "https://example.org:443", or NULL for anything but http and https (smtp and smtps for a mail) without user and password. */
static char *host_of(const char *text, bool is_mail) {
    char *name = NULL, *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
    CURLU *url = curl_url();
    must(url != NULL);
    if (strlen(text) <= URL_MAX &&
        curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK) {
        scheme = url_part(url, CURLUPART_SCHEME, 0);
        host = url_part(url, CURLUPART_HOST, 0);
        port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
        user = url_part(url, CURLUPART_USER, 0);
        bool fits = scheme != NULL && host != NULL && host[0] != '\0' && port != NULL && user == NULL &&
                    is_scheme(scheme, is_mail);
        if (fits && asprintf(&name, "%s://%s:%s", scheme, host, port) < 0) name = NULL;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(user);
    curl_url_cleanup(url);
    return name;
}

static void add_header(struct client_call *call, const char *header) {
    struct curl_slist *longer = curl_slist_append(call->headers, header);
    must(longer != NULL);
    call->headers = longer;
}

enum err client_call_prepare(struct client_call *call, const struct client_request *request, char **ret_host) {
    int64_t timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : TIMEOUT_MS;
    call->started_ms = clock_monotonic_ms();
    call->deadline_ms = call->started_ms + timeout_ms;
    call->connect_timeout_ms = request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    call->response_max = request->response_max > 0 ? request->response_max : RESPONSE_MAX;
    call->response_fd = request->response_fd;
    call->is_mail = request->mail != NULL;
    if (!call->is_mail && !is_method(request->method)) return ERR_INVALID;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!is_header(request->headers[i])) return ERR_INVALID;
        add_header(call, request->headers[i]);
    }
    add_header(call, "Expect:"); /* no waiting for 100 Continue */
    call->method = strdup(call->is_mail ? "" : request->method);
    call->url = strdup(request->url);
    call->body = malloc(request->body_length + 1);
    must(call->method != NULL && call->url != NULL && call->body != NULL);
    if (request->body_length > 0) memcpy(call->body, request->body, request->body_length);
    call->body_length = request->body_length;
    if (call->is_mail) client_mail_prepare(call, request->mail);
    *ret_host = host_of(request->url, call->is_mail);
    return *ret_host != NULL ? ERR_NONE : ERR_INVALID;
}

/* ---- what curl asks while it runs ------------------------------------------------------------------------------------- */

static bool allow(struct client_call *call, const struct sockaddr *address) {
    netaddr_text(address, call->address);
    const struct client *client = call->client;
    if (netaddr_is_allowed(address, client->approved, client->options.approved_count)) return true;
    call->is_refused = true;
    return false;
}

/* Before each connect, with the very address: after all names and notations are resolved. */
static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    struct client_call *call = context;
    if (!allow(call, &address->addr)) return CURL_SOCKET_BAD;
    call->is_refused = false; /* another of the name's addresses was */
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Before each request, on new and reused connections alike: what was allowed may not be any more. */
static int on_request(void *context, char *address, char *own_address, int port, int own_port) {
    struct client_call *call = context;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool allowed = false;
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        allowed = allow(call, (struct sockaddr *)&v4);
    else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
        allowed = allow(call, (struct sockaddr *)&v6);
    call->is_sent = allowed;
    return allowed ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static bool write_whole(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written <= 0) return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    struct client_call *call = context;
    size_t room = call->response_max - call->response_length, taken = count < room ? count : room;
    call->is_too_large = count > room;
    call->response_length += taken;
    if (call->response_fd == 0)
        buffer_append(&call->answer, bytes, taken);
    else if (!write_whole(call->response_fd, bytes, taken))
        return 0; /* ERR_CLOSED, which may be tried again */
    return call->is_too_large ? 0 : count;
}

/* ---- setting up ------------------------------------------------------------------------------------------------------- */

static void set_method(struct client_call *call) {
    CURL *easy = call->easy;
    if (strcmp(call->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (strcmp(call->method, "GET") != 0 || call->body_length > 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_length);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

static void set_limits(struct client_call *call) {
    CURL *easy = call->easy;
    int64_t left_ms = call->deadline_ms - clock_monotonic_ms();
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, call->is_mail ? "smtp,smtps" : "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* also against the environment's */
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)call->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* do not wait in the loop for a name server that hangs */
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
}

bool client_call_start(struct client_call *call) {
    const struct client *client = call->client;
    call->easy = curl_easy_init();
    if (call->easy == NULL) return false;
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->message);
    curl_easy_setopt(call->easy, CURLOPT_URL, call->url);
    if (!call->is_mail) curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(call->easy, CURLOPT_USERAGENT, client->user_agent);
    if (client->ca_file != NULL) curl_easy_setopt(call->easy, CURLOPT_CAINFO, client->ca_file);
    set_limits(call);
    if (call->is_mail)
        client_mail_set(call);
    else
        set_method(call);
    return curl_multi_add_handle(client->multi, call->easy) == CURLM_OK;
}

/* ---- the end ---------------------------------------------------------------------------------------------------------- */

static enum err translate(const struct client_call *call, CURLcode code) {
    switch (code) {
    case CURLE_OK:
        return ERR_NONE;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: /* which is also said of an answer that is no HTTP/1 */
        return call->is_sent ? ERR_CLOSED : ERR_INVALID;
    case CURLE_OUT_OF_MEMORY:
        return ERR_MEMORY;
    case CURLE_FILESIZE_EXCEEDED:
        return ERR_TOO_LARGE;
    default:
        return call->is_refused ? ERR_REFUSED : call->is_too_large ? ERR_TOO_LARGE : ERR_CLOSED;
    }
}

void client_call_finish(struct client_call *call, CURLcode code) {
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after);
    call->status = (int)status;
    call->retry_after_s = retry_after > 0 ? retry_after : -1;
    call->err = translate(call, code);
    call->took_ms = clock_monotonic_ms() - call->started_ms;
    if (call->err == ERR_REFUSED)
        snprintf(call->message, sizeof call->message, "the address %s is not allowed", call->address);
    if (code != CURLE_OK && call->message[0] == '\0')
        snprintf(call->message, sizeof call->message, "%s", curl_easy_strerror(code));
}

void client_call_free(struct client_call *call) {
    loop_timer_free(&call->timer);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    client_mail_free(call);
    free(call->method);
    free(call->url);
    free(call->body);
    buffer_done(&call->answer);
    free(call);
}
