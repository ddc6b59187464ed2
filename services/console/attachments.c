/* What all of attachments is made of: the store, the program that looks at pictures, the folder of what is under way. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/console/attachments_inner.h"

METRIC_GAUGE(uploads, "paidan_console_attachment_uploads", "Uploads under way.");
METRIC_GAUGE(waiting, "paidan_console_attachments_waiting",
             "Files that wait to be looked at, and work that waits for the store.");

enum { SECRET_MAX = 200, PATH_BYTES = 512 };

/* The secret of an S3 key: a file of one line, that others cannot read. */
static enum err open_s3(struct attachments *a, char ret_message[FILE_STORE_MESSAGE_BYTES]) {
    char *secret;
    size_t length;
    enum err err = file_read(console_config.attachments_s3_secret_file, SECRET_MAX, &secret, &length);
    if (err != ERR_NONE) {
        snprintf(ret_message, FILE_STORE_MESSAGE_BYTES, "attachments_s3_secret_file %.150s cannot be read",
                 console_config.attachments_s3_secret_file);
        return err;
    }
    secret[strcspn(secret, "\r\n")] = 0;
    struct file_store_s3_options options = {.url = console_config.attachments_s3,
                                            .region = console_config.attachments_s3_region,
                                            .key_id = console_config.attachments_s3_key,
                                            .secret = secret};
    a->store = file_store_s3_new(&options, ret_message);
    crypto_forget(secret, length);
    free(secret);
    return a->store ? ERR_NONE : ERR_INVALID;
}

static enum err open_store(struct attachments *a) {
    char message[FILE_STORE_MESSAGE_BYTES] = "";
    const char *folder = console_config.attachments_folder;
    enum err err = ERR_NONE;
    if (*console_config.attachments_s3)
        err = open_s3(a, message);
    else if (!(a->store = file_store_folder_new(folder, message)))
        err = ERR_IO;
    if (err == ERR_NONE) err = file_make_folder(folder, 0700);
    if (err == ERR_NONE) a->spool = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (err == ERR_NONE && a->spool < 0) err = ERR_IO;
    if (err != ERR_NONE)
        log_error("attachments_not_opened", LOG_ERR(err), LOG_TEXT("why", *message ? message : folder));
    return err;
}

/* Beside this program, unless the configuration says otherwise. */
static char *find_program(void) {
    char path[PATH_BYTES];
    if (*console_config.image_program) return strdup(console_config.image_program);
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof "paidan-image");
    if (length <= 0) return strdup("paidan-image");
    path[length] = 0;
    char *slash = strrchr(path, '/');
    strcpy(slash ? slash + 1 : path, "paidan-image");
    return strdup(path);
}

struct attachments *attachments_new(struct console *console, enum err *ret_err) {
    *ret_err = ERR_NONE;
    if (!*console_config.attachments_folder) return NULL;
    if (!console->keys) {
        log_warn("attachments_need_keys",
                 LOG_TEXT("why", "no key_file, so nothing could be sealed: no attachments are taken"));
        return NULL;
    }
    struct attachments *a = calloc(1, sizeof *a);
    must(a);
    a->console = console;
    a->spool = -1;
    a->program = find_program();
    must(a->program);
    crypto_derive(console->keys, "attachment", a->key);
    a->sweep = attachment_sweep_new(a);
    a->fetches = attachment_fetches_new(a);
    *ret_err = open_store(a);
    if (*ret_err != ERR_NONE) attachments_free(&a);
    return a;
}

void attachments_free(struct attachments **attachments) {
    struct attachments *a = *attachments;
    *attachments = NULL;
    if (!a) return;
    attachment_looks_end(a);
    attachment_fetches_free(&a->fetches);
    attachment_sweep_free(&a->sweep);
    if (a->store) file_store_free(&a->store);
    if (a->spool >= 0) close(a->spool);
    crypto_forget(a->key, sizeof a->key);
    free(a->program);
    free(a);
}

int attachments_under_way(const struct attachments *a) {
    return a ? a->uploads_now + a->jobs_now + a->jobs.count : 0;
}

void attachments_tick(struct attachments *a) {
    if (!a) return;
    attachment_jobs_tick(a);
    attachment_sweep_tick(a->sweep);
    attachment_fetch_tick(a->fetches);
    metric_set(&uploads, 0, a->uploads_now);
    metric_set(&waiting, 0, a->looks.count + a->jobs.count);
}

int attachment_file_new(const struct attachments *a) {
    return openat(a->spool, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}
