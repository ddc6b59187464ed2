/* One file, looked at by a process of its own. See attachments.h; what the process says is services/image/image.h's. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/log.h"
#include "common/metrics.h"
#include "services/console/attachments_inner.h"

METRIC_COUNTER(looked_at, "paidan_console_attachments_looked_at_total", "Files looked at, by what they were.", "found",
               "photo", "paper", "type", "damaged", "pixels", "unreadable", "away");

enum { LOOK_MS = 25000 /* beyond the processor time it gives itself */, AHEAD_MAX_MS = 10 * 60 * 1000 };

static const struct json_limits ANSWER_LIMITS = {.bytes_max = CHILD_OUTPUT_MAX, .depth_max = 2, .values_max = 20};

static enum attachment_found found_of(const cJSON *tree) {
    static const char *const words[] = {"photo", "paper", "type", "damaged", "pixels"};
    const char *text;
    if (json_get_text(tree, "found", &text) != ERR_NONE) return ATTACHMENT_UNREADABLE;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i], text)) return (enum attachment_found)i;
    return ATTACHMENT_UNREADABLE;
}

/* A camera's clock may be wrong: what lies in the future is no suggestion. */
static void read_suggestion(struct attachment_file *file, const cJSON *tree) {
    const char *text;
    time_ms at;
    if (json_get_text(tree, "occurred_at", &text) == ERR_NONE && clock_parse(text, strlen(text), &at) == ERR_NONE &&
        at > 0 && at <= clock_now() + AHEAD_MAX_MS)
        file->occurred_at = at;
    file->has_place = json_get_double(tree, "lon", &file->lon) == ERR_NONE &&
                      json_get_double(tree, "lat", &file->lat) == ERR_NONE && file->lon >= -180 && file->lon <= 180 &&
                      file->lat >= -90 && file->lat <= 90;
}

static void read_answer(struct attachment_file *file, const struct child_end *end) {
    cJSON *tree = NULL;
    struct json_fault fault;
    const char *type = "";
    int64_t width = 0, height = 0;
    file->found = end->err == ERR_NOT_FOUND || end->err == ERR_IO ? ATTACHMENT_AWAY : ATTACHMENT_UNREADABLE;
    if (end->err != ERR_NONE || end->code != 0 ||
        json_parse(end->output, end->output_length, &ANSWER_LIMITS, &tree, &fault) != ERR_NONE) {
        log_warn("attachment_not_read", LOG_ERR(end->err), LOG_INT("code", end->code), LOG_INT("signal", end->signal));
        return;
    }
    file->found = found_of(tree);
    if (json_get_text(tree, "type", &type) == ERR_NONE) snprintf(file->type, sizeof file->type, "%s", type);
    if (json_get_int(tree, "width", &width) == ERR_NONE) file->width = (int)width;
    if (json_get_int(tree, "height", &height) == ERR_NONE) file->height = (int)height;
    if (json_get_bool(tree, "thumbnail", &file->thumbnail) != ERR_NONE) file->thumbnail = false;
    read_suggestion(file, tree);
    json_free(&tree);
}

static void next(struct attachments *a);

static void on_end(void *context, const struct child_end *end) {
    struct attachment_file *file = context;
    struct attachments *a = file->attachments;
    file->child = NULL;
    for (int i = 0; i < ATTACHMENT_LOOKS_MAX; i++)
        if (a->looking[i] == file) a->looking[i] = NULL;
    read_answer(file, end);
    metric_add(&looked_at, (int)file->found, 1);
    a->looks_now--;
    next(a);
    file->looked(file->context);
}

static void next(struct attachments *a) {
    while (a->looks_now < ATTACHMENT_LOOKS_MAX && a->looks.count > 0) {
        struct attachment_file *file = list_pop(&a->looks);
        struct child_options options = {
            .program = a->program, .fds = {file->in, file->out, file->small}, .fd_count = 3, .timeout_ms = LOOK_MS};
        a->looks_now++;
        for (int i = 0; i < ATTACHMENT_LOOKS_MAX; i++) {
            if (a->looking[i]) continue;
            a->looking[i] = file;
            break;
        }
        file->child = child_start(a->console->kit->loop, &options, on_end, file);
    }
}

void attachment_look(struct attachment_file *file) {
    list_push(&file->attachments->looks, file);
    next(file->attachments);
}

void attachment_looks_end(struct attachments *a) {
    for (int i = 0; i < ATTACHMENT_LOOKS_MAX; i++)
        if (a->looking[i]) child_free(&a->looking[i]->child);
}
