/* A store in any S3-compatible service: PUT, GET and DELETE of one object each, path style, signed by libcurl (AWS signature 4) over the
 * content's own hash, so that what arrives is what was sent. A try that fails for a reason that may pass is repeated. The address is
 * the administrator's, so no guard against private ones stands before it. See file_store.h. */
#include "common/file_store.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/crypto_stream.h"
#include "proto/must.h"

enum { TIMEOUT_MS = 20000, CONNECT_MS = 3000, TRIES = 3, PAUSE_MS = 200, URL_BYTES = 1024, HEADER_BYTES = 120 };

struct s3 {
    struct file_store store;
    char *url, *sigv4, *user; /* user: "KEY:SECRET" */
    int64_t timeout_ms;
    int tries;
};

enum method { PUT, GET, DELETE };

static void s3_free(struct file_store *store) {
    struct s3 *s = (struct s3 *)store;
    crypto_forget(s->user, strlen(s->user));
    free(s->user);
    free(s->url);
    free(s->sigv4);
    free(s);
}

/* ---- one try -------------------------------------------------------------------------------------------------------------------- */

static size_t on_read(char *to, size_t size, size_t count, void *context) {
    ssize_t n = read(*(const int *)context, to, size * count);
    return n < 0 ? CURL_READFUNC_ABORT : (size_t)n;
}

static int on_seek(void *context, curl_off_t offset, int origin) {
    return lseek(*(const int *)context, (off_t)offset, origin) >= 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static size_t on_write(char *from, size_t size, size_t count, void *context) {
    int fd = *(const int *)context;
    for (size_t left = size * count; left > 0 && fd >= 0;) {
        ssize_t n = write(fd, from, left);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return 0;
        from += n;
        left -= (size_t)n;
    }
    return size * count;
}

static void set_method(CURL *curl, enum method method, int *fd, int *nowhere, uint64_t length) {
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, method == GET ? fd : nowhere);
    if (method == PUT) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(curl, CURLOPT_READDATA, fd);
        curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(curl, CURLOPT_SEEKDATA, fd);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)length);
    } else if (method == DELETE) {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    }
}

static void set_common(CURL *curl, const struct s3 *s, const char *url) {
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, s->sigv4);
    curl_easy_setopt(curl, CURLOPT_USERPWD, s->user);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L); /* an error's page is not a file's content */
}

static enum err err_of(CURLcode code, long status, bool *ret_again) {
    *ret_again = status >= 500 || status == 429 || status == 408 || status == 0;
    if (status == 404) return ERR_NOT_FOUND;
    if (code == CURLE_OK && status >= 200 && status < 300) return ERR_NONE;
    if (status >= 400 && status < 500) return ERR_REFUSED;
    return code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_IO;
}

static enum err try_once(const struct s3 *s, enum method method, const char *key, int fd, uint64_t length,
                         const char *hash, bool *ret_again) {
    char url[URL_BYTES], header[HEADER_BYTES];
    int nowhere = -1;
    long status = 0;
    *ret_again = true;
    CURL *curl = curl_easy_init();
    if (!curl) return ERR_MEMORY;
    snprintf(url, sizeof url, "%s/%s", s->url, key);
    snprintf(header, sizeof header, "x-amz-content-sha256: %s", hash);
    struct curl_slist *headers = curl_slist_append(NULL, header); /* and no other: all that is given here is signed */
    set_common(curl, s, url);
    set_method(curl, method, &fd, &nowhere, length);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return err_of(code, status, ret_again);
}

/* ---- several ------------------------------------------------------------------------------------------------------------------------ */

static void pause_ms(int64_t ms) {
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&wait, &wait) != 0 && errno == EINTR) {
    }
}

static enum err run(const struct s3 *s, enum method method, const char *key, int fd, uint64_t length,
                    const char *hash) {
    off_t from = fd >= 0 ? lseek(fd, 0, method == PUT ? SEEK_SET : SEEK_CUR) : 0;
    enum err err = ERR_IO;
    bool again = true;
    for (int i = 0; i < s->tries && again && err != ERR_NONE; i++) {
        if (i > 0) pause_ms(PAUSE_MS << (i - 1));
        if (fd >= 0 && lseek(fd, from, SEEK_SET) != from) return ERR_IO;
        if (method == GET && ftruncate(fd, from) != 0) return ERR_IO;
        err = try_once(s, method, key, fd, length, hash, &again);
    }
    return err;
}

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static enum err s3_put(struct file_store *store, const char *key, int fd, uint64_t length) {
    uint8_t hash[32];
    char hex[65];
    uint64_t found;
    enum err err = crypto_stream_sha256(fd, hash, &found);
    if (err != ERR_NONE) return err;
    if (found != length) return ERR_INVALID;
    crypto_to_hex(hash, sizeof hash, hex);
    return run((struct s3 *)store, PUT, key, fd, length, hex);
}

static enum err s3_get(struct file_store *store, const char *key, int fd) {
    return run((struct s3 *)store, GET, key, fd, 0, EMPTY_HASH);
}

static enum err s3_remove(struct file_store *store, const char *key) {
    enum err err = run((struct s3 *)store, DELETE, key, -1, 0, EMPTY_HASH);
    return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* ---- making -------------------------------------------------------------------------------------------------------------------------- */

static char *join(const char *a, const char *between, const char *b) {
    size_t size = strlen(a) + strlen(between) + strlen(b) + 1;
    char *text = malloc(size);
    must(text);
    snprintf(text, size, "%s%s%s", a, between, b);
    return text;
}

/* http(s)://host/bucket, no slash at the end, no user, query or blank in it. */
static bool is_bucket_url(const char *url) {
    const char *rest = !strncmp(url, "https://", 8) ? url + 8 : !strncmp(url, "http://", 7) ? url + 7 : NULL;
    if (!rest || strlen(url) > URL_BYTES - FILE_STORE_KEY_MAX - 2 || strpbrk(rest, "@?# \t\r\n")) return false;
    const char *slash = strchr(rest, '/');
    return slash && slash != rest && slash[1] && rest[strlen(rest) - 1] != '/';
}

struct file_store *file_store_s3_new(const struct file_store_s3_options *options,
                                     char ret_message[FILE_STORE_MESSAGE_BYTES]) {
    static const struct file_store_operations operations = {s3_free, s3_put, s3_get, s3_remove};
    if (!is_bucket_url(options->url) || !*options->region || !*options->key_id || !*options->secret) {
        snprintf(ret_message, FILE_STORE_MESSAGE_BYTES,
                 "the S3 store needs http(s)://HOST[:PORT]/BUCKET, a region, a key id and its secret");
        return NULL;
    }
    struct s3 *s = calloc(1, sizeof *s);
    must(s);
    *s = (struct s3){.store = {&operations},
                     .url = strdup(options->url),
                     .sigv4 = join("aws:amz:", options->region, ":s3"),
                     .user = join(options->key_id, ":", options->secret),
                     .timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS,
                     .tries = options->tries ? options->tries : TRIES};
    must(s->url);
    return &s->store;
}
