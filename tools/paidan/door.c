/* See door.h. */
#define _GNU_SOURCE /* memmem */
#include "tools/paidan/door.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/number.h"
#include "proto/must.h"
#include "tools/paidan/login.h"

enum { ANSWER_MAX = 256 << 20, TIMEOUT_S = 600, CONNECT_S = 5, PATIENCE_S = 10 };

void door_answer_done(struct door_answer *answer) {
    json_free(&answer->tree);
    buffer_done(&answer->body);
}

/* ---- libcurl ------------------------------------------------------------------------------------------------------------------ */

static struct {
    door_event *event; /* NULL: nobody watches */
    void *context;
} watching;

/* One event: lines "event: NAME" and "data: JSON". */
static void hear_event(char *block) {
    const char *name = "", *data = NULL;
    for (char *line = strtok(block, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "event: ", 7) == 0) name = line + 7;
        if (strncmp(line, "data: ", 6) == 0) data = line + 6;
    }
    cJSON *tree = NULL;
    struct json_fault fault;
    struct json_limits limits = {.bytes_max = ANSWER_MAX, .depth_max = 32, .values_max = 20 * 1000 * 1000};
    if (data && json_parse(data, strlen(data), &limits, &tree, &fault) != ERR_NONE) tree = NULL;
    if (*name) watching.event(watching.context, name, tree);
    json_free(&tree);
}

static void hear_events(struct door_answer *answer) {
    for (;;) {
        char *text = (char *)answer->body.data;
        char *end = answer->body.length ? memmem(text, answer->body.length, "\n\n", 2) : NULL;
        if (!end) return;
        end[1] = '\0';
        hear_event(text);
        buffer_drop(&answer->body, (size_t)(end + 2 - text));
    }
}

static size_t on_body(char *bytes, size_t one, size_t len, void *context) {
    struct door_answer *answer = context;
    if (answer->body.length + one * len > ANSWER_MAX) return 0;
    buffer_append(&answer->body, bytes, one * len);
    if (watching.event && strstr(answer->type, "text/event-stream")) hear_events(answer);
    return one * len;
}

static void keep(char *to, size_t size, const char *from, size_t len) {
    if (len >= size) len = size - 1;
    memcpy(to, from, len);
    to[len] = '\0';
}

/* The value of a header line if it has this name, else NULL. */
static const char *header_value(const char *line, size_t len, const char *name, size_t *ret_len) {
    size_t n = strlen(name);
    if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0) return NULL;
    const char *at = line + n + 1, *end = line + len;
    while (at < end && *at == ' ') at++;
    while (end > at && (end[-1] == '\r' || end[-1] == '\n')) end--;
    *ret_len = (size_t)(end - at);
    return at;
}

static size_t on_header(char *line, size_t one, size_t count, void *context) {
    struct door_answer *answer = context;
    size_t len = one * count, n;
    const char *value;
    if ((value = header_value(line, len, "Content-Type", &n))) {
        keep(answer->type, sizeof answer->type, value, n);
    } else if ((value = header_value(line, len, "Set-Cookie", &n))) {
        const char *semicolon = memchr(value, ';', n);
        keep(answer->cookie, sizeof answer->cookie, value, semicolon ? (size_t)(semicolon - value) : n);
    } else if ((value = header_value(line, len, "Retry-After", &n))) {
        if (n > 0 && n < 6) answer->retry_after_s = atoi(value); /* digits, ended by the line's end */
    } else if ((value = header_value(line, len, "Link", &n))) {
        const char *from = memchr(value, '<', n), *to = from ? memchr(from, '>', n - (size_t)(from - value)) : NULL;
        if (to && memmem(to, n - (size_t)(to - value), "rel=\"next\"", 10))
            keep(answer->next, sizeof answer->next, from + 1, (size_t)(to - from - 1));
    }
    return len;
}

static CURL *handle(struct cli *cli) {
    static CURL *curl; /* kept over the command's requests, so that they share a connection */
    if (!curl) {
        must(curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
        curl = curl_easy_init();
        must(curl);
    }
    (void)cli;
    curl_easy_reset(curl);
    return curl;
}

static struct curl_slist *headers_of(struct cli *cli, const char *type) {
    struct curl_slist *list = NULL;
    list = curl_slist_append(list, cli_in(cli, "Accept-Language: zh", "Accept-Language: en"));
    list = curl_slist_append(list, "Expect:");
    if (type) list = curl_slist_append(list, cli_printf(cli, "Content-Type: %s", type));
    if (cli->authorization) list = curl_slist_append(list, cli->authorization);
    if (cli->cookie) list = curl_slist_append(list, cli->cookie);
    if (cli->csrf) list = curl_slist_append(list, cli->csrf);
    if (cli_option(cli, "key"))
        list = curl_slist_append(list, cli_printf(cli, "Idempotency-Key: %s", cli_option(cli, "key")));
    return list;
}

static void parse_body(struct door_answer *answer) {
    struct json_fault fault;
    struct json_limits limits = {.bytes_max = ANSWER_MAX, .depth_max = 32, .values_max = 20 * 1000 * 1000};
    if (!answer->body.length || !strstr(answer->type, "json") || strstr(answer->type, "ndjson")) return;
    if (json_parse(answer->body.data, answer->body.length, &limits, &answer->tree, &fault) != ERR_NONE)
        answer->tree = NULL;
}

static enum cli_exit perform(struct cli *cli, const char *method, const char *path, const char *type, const void *body,
                             size_t len, struct door_answer *answer) {
    CURL *curl = handle(cli);
    struct curl_slist *headers = headers_of(cli, type);
    char why[CURL_ERROR_SIZE] = "";
    *answer = (struct door_answer){.retry_after_s = -1};
    curl_easy_setopt(curl, CURLOPT_URL, cli_printf(cli, "%s%s", login_url(cli), path));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    if (strncmp(login_url(cli), "http://127.", 11) == 0) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    } else if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    }
    CURLcode result = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    if (result != CURLE_OK)
        return cli_fail_why(cli, CLI_UNREACHABLE, "连不上服务", "the server is not reached",
                            cli_printf(cli, "%s (%s)", login_url(cli), *why ? why : curl_easy_strerror(result)));
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    parse_body(answer);
    return status < 400 ? CLI_OK : status >= 502 && status <= 504 ? CLI_UNREACHABLE : CLI_REFUSED;
}

/* Too busy, and nothing was done: what is only unknown is not tried again unasked. */
static bool may_try_again(const struct door_answer *answer) {
    bool busy = answer->status == 429 || answer->status == 503;
    return busy && answer->retry_after_s >= 0 &&
           strcmp(tree_text(answer->tree, "type"), "urn:paidan:problem:unknown-outcome") != 0;
}

static int64_t patience_ms(void) {
    const char *text = getenv("PAIDAN_PATIENCE");
    int64_t seconds;
    if (!text || number_parse_int(text, strlen(text), &seconds) != ERR_NONE || seconds < 0 || seconds > 3600)
        seconds = PATIENCE_S;
    return seconds * 1000;
}

static enum cli_exit perform_patiently(struct cli *cli, const char *method, const char *path, const char *type,
                                       const void *body, size_t len, struct door_answer *answer) {
    int64_t until = clock_monotonic_ms() + patience_ms();
    for (;;) {
        enum cli_exit code = perform(cli, method, path, type, body, len, answer);
        int64_t pause_ms = answer->retry_after_s > 0 ? answer->retry_after_s * 1000 : 200;
        if (!may_try_again(answer) || clock_monotonic_ms() + pause_ms > until) return code;
        door_answer_done(answer);
        nanosleep(&(struct timespec){pause_ms / 1000, pause_ms % 1000 * 1000000}, NULL);
    }
}

enum cli_exit door_send_plain(struct cli *cli, const char *method, const char *path, const char *body,
                              struct door_answer *ret_answer) {
    return perform_patiently(cli, method, path, body ? "application/json" : NULL, body, body ? strlen(body) : 0,
                             ret_answer);
}

enum cli_exit door_send(struct cli *cli, const char *method, const char *path, const char *type, const void *body,
                        size_t len, struct door_answer *ret_answer) {
    *ret_answer = (struct door_answer){0};
    enum cli_exit code = login_begin(cli);
    if (code != CLI_OK) return code;
    code = perform_patiently(cli, method, path, type, body, len, ret_answer);
    if (code == CLI_OK || !ret_answer->status) return code;
    if (cli->json && ret_answer->tree)
        door_print(ret_answer);
    else
        door_say_problem(cli, ret_answer);
    return code;
}

enum cli_exit door_watch(struct cli *cli, const char *method, const char *path, const char *type, const void *body,
                         size_t len, door_event *event, void *context, struct door_answer *ret_answer) {
    watching.event = event;
    watching.context = context;
    enum cli_exit code = door_send(cli, method, path, type, body, len, ret_answer);
    watching.event = NULL;
    return code;
}

enum cli_exit door_get(struct cli *cli, const char *path, struct door_answer *ret_answer) {
    return door_send(cli, "GET", path, NULL, NULL, 0, ret_answer);
}

enum cli_exit door_post(struct cli *cli, const char *path, const struct buffer *json, struct door_answer *ret_answer) {
    return door_send(cli, "POST", path, json ? "application/json" : NULL, json ? json->data : NULL,
                     json ? json->length : 0, ret_answer);
}

/* ---- what came back --------------------------------------------------------------------------------------------------------------- */

/* {"command", "zh", "en"}: what could be done instead. */
static void say_possible(struct cli *cli, const struct cJSON *problem) {
    const struct cJSON *item, *list = tree_at(problem, "possible");
    if (!list || !list->child) return;
    fprintf(stderr, "  %s", cli_in(cli, "现在可以:", "possible now:"));
    cJSON_ArrayForEach(item, list) {
        if (cJSON_IsString(item))
            fprintf(stderr, " %s", item->valuestring);
        else
            fprintf(stderr, " %s (%s)", tree_text(item, "command"), tree_text(item, cli_in(cli, "zh", "en")));
    }
    fputc('\n', stderr);
}

void door_say_problem(struct cli *cli, const struct door_answer *answer) {
    const struct cJSON *problem = answer->tree, *item;
    if (!problem) {
        fprintf(stderr, "paidan: HTTP %d\n", answer->status);
        return;
    }
    const char *title = tree_text(problem, "title"), *detail = tree_text(problem, "detail");
    fprintf(stderr, "paidan: %s%s%s (%d)\n", title, *title && *detail ? ": " : "", detail, answer->status);
    cJSON_ArrayForEach(item, tree_at(problem, "errors")) {
        const char *pointer = tree_text(item, "pointer");
        if (strncmp(pointer, "/rows/", 6) == 0) pointer = ""; /* its sentence names row and column */
        fprintf(stderr, "  %s%s%s\n", pointer, *pointer ? "  " : "", tree_text(item, "detail"));
    }
    say_possible(cli, problem);
}

void door_print(const struct door_answer *answer) {
    fwrite(answer->body.data, 1, answer->body.length, stdout);
    if (answer->body.length && answer->body.data[answer->body.length - 1] != '\n') putchar('\n');
}

const char *door_part(struct cli *cli, const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    size_t len = strlen(text), n = 0;
    char *out = arena_take(&cli->arena, len * 3 + 1);
    must(out);
    for (size_t i = 0; i < len; i++) {
        if (strchr(plain, text[i]))
            out[n++] = text[i];
        else
            n += (size_t)sprintf(out + n, "%%%02X", (unsigned char)text[i]);
    }
    out[n] = '\0';
    return out;
}

/* ---- trees ------------------------------------------------------------------------------------------------------------------------ */

const struct cJSON *tree_at(const struct cJSON *tree, const char *key) {
    return tree ? json_member(tree, key) : NULL;
}

const char *tree_text(const struct cJSON *tree, const char *key) {
    const struct cJSON *at = tree_at(tree, key);
    return at && cJSON_IsString(at) ? at->valuestring : "";
}

int64_t tree_int(const struct cJSON *tree, const char *key) {
    const struct cJSON *at = tree_at(tree, key);
    if (at && cJSON_IsString(at)) return strtoll(at->valuestring, NULL, 10);
    return at && cJSON_IsNumber(at) ? (int64_t)at->valuedouble : 0;
}

bool tree_bool(const struct cJSON *tree, const char *key) {
    return cJSON_IsTrue(tree_at(tree, key));
}

const char *tree_name(const struct cli *cli, const struct cJSON *tree, const char *key) {
    const struct cJSON *at = tree_at(tree, key);
    if (!at) return "";
    if (cJSON_IsString(at)) return at->valuestring;
    if (tree_at(at, "name")) return tree_name(cli, at, "name");
    return tree_text(at, cli_in(cli, "zh", "en"));
}

const char *tree_time(struct cli *cli, const struct cJSON *tree, const char *key) {
    const char *text = tree_text(tree, key);
    time_ms time;
    char local[CLOCK_TEXT_BYTES];
    if (!*text || clock_parse(text, strlen(text), &time) != ERR_NONE) return *text ? text : "-";
    clock_format(time, local);
    return cli_printf(cli, "%.10s %.5s", local, local + 11);
}
