/* POST /api/v1/attachments: who sends and how much is asked before a byte of the body is read; each file goes into a file without a name,
 * so that nothing is left of one that was cut; all of them are taken, or none. See attachments.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/console/attachments_inner.h"

METRIC_COUNTER(taken, "paidan_console_attachments_total", "Uploads, by what became of them.", "outcome", "kept",
               "refused", "busy", "cut", "failed");
enum { KEPT, REFUSED, BUSY, CUT, FAILED };

#define TYPES_TEXT "image/jpeg, image/png, image/webp, application/pdf"

/* Rows that are being swept count too: what was sent was sent. */
static const struct db_statement DAY = {"attachment_day",
                                        "SELECT coalesce(sum(received_bytes), 0)::int8 FROM attachment WHERE user_id = "
                                        "$1::int8 AND uploaded_at > $2::int8"};
struct upload {
    struct attachment_job job;
    struct attachments *attachments;
    struct call *call;
    bool by_resident;
    int count, looked; /* files; the first `looked` of them are */
    struct attachment_file files[ATTACHMENTS_MAX];
    time_ms at;
    enum err kept;
    int status; /* of the refusal; 0: none */
    const char *pointer;
    struct sentence title, detail;
};

/* ---- the end --------------------------------------------------------------------------------------------------------------------- */

static void finish(struct upload *u, int outcome) {
    for (int i = 0; i < u->count; i++) attachment_file_close(&u->files[i]);
    metric_add(&taken, outcome, 1);
    u->attachments->uploads_now--;
    u->attachments->residents_now -= u->by_resident;
}

/* What was wrong, with the file it is about and what would be right. */
static void refuse(struct upload *u, int status, int file, const char *zh, const char *en) {
    u->status = status;
    u->pointer = file >= 0 ? call_printf(u->call, "/file/%d", file) : "/file";
    u->detail = (struct sentence){zh, en};
}

static void answer_refusal(struct upload *u) {
    struct call *call = u->call;
    struct http_fault fault = {u->pointer, u->detail};
    static const struct sentence titles[] = {
        {"附件过大", "Too large"}, {"不接受这种文件", "Not a type that is taken"}, {"附件有误", "Attachment refused"}};
    struct http_problem problem = {.status = u->status,
                                   .type = u->status == 413   ? "too-large"
                                           : u->status == 415 ? "type"
                                                              : "attachment",
                                   .title = titles[u->status == 413   ? 0
                                                   : u->status == 415 ? 1
                                                                      : 2],
                                   .detail = u->detail,
                                   .faults = &fault,
                                   .fault_count = 1};
    struct http_request *request = call->request;
    finish(u, REFUSED);
    call_release(call);
    http_problem(request, &problem);
}

static void answer_failure(struct upload *u, const char *zh, const char *en) {
    finish(u, FAILED);
    call_problem(u->call, 503, zh, en);
}

static void put_file(struct json_writer *w, const struct upload *u, const struct attachment_file *file) {
    char url[100];
    json_open(w);
    json_put_string(w, "id", file->id);
    json_put_string(w, "type", file->type);
    json_put_int(w, "bytes", (int64_t)file->bytes);
    json_key(w, "sha256");
    json_hex(w, file->sha256, 32);
    json_put_int(w, "received_bytes", (int64_t)file->received);
    json_key(w, "received_sha256");
    json_hex(w, file->received_sha256, 32);
    json_put_int(w, "width", file->width);
    json_put_int(w, "height", file->height);
    if (file->occurred_at || file->has_place) {
        json_put_open(w, "suggestion");
        json_put_time_or_null(w, "occurred_at", file->occurred_at);
        if (file->has_place) {
            json_put_open(w, "location");
            json_put_double(w, "lon", file->lon);
            json_put_double(w, "lat", file->lat);
            json_close(w);
        } else {
            json_put_null(w, "location");
        }
        json_close(w);
    } else {
        json_put_null(w, "suggestion");
    }
    snprintf(url, sizeof url, "/api/v1/attachments/%s", file->id);
    json_put_string(w, "url", url);
    snprintf(url, sizeof url, "/api/v1/attachments/%s/thumbnail", file->id);
    json_put_string(w, "thumbnail_url", file->thumbnail ? url : NULL);
    json_put_time(w, "keep_until", u->at + ATTACHMENT_DAY_MS);
    json_close(w);
}

static void on_ready(struct call *call, const struct db_reply *reply) {
    struct upload *u = call->self;
    if (reply->err != ERR_NONE) {
        finish(u, FAILED);
        call_db_problem(call, reply);
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "attachments");
    for (int i = 0; i < u->count; i++) put_file(w, u, &u->files[i]);
    json_close_list(w);
    json_close(w);
    finish(u, KEPT);
    call_answer(call, 201);
}

/* ---- keeping ------------------------------------------------------------------------------------------------------------------------ */

static void keep(struct attachment_job *job) {
    struct upload *u = job->context;
    u->kept = ERR_NONE;
    for (int i = 0; i < u->count && u->kept == ERR_NONE; i++) u->kept = attachment_keep(u->attachments, &u->files[i]);
}

static void on_kept(void *context) {
    struct upload *u = context;
    if (u->kept != ERR_NONE) {
        log_error("attachment_not_stored", LOG_ERR(u->kept));
        answer_failure(u, "附件暂时无法保存, 请稍后再试", "The file cannot be stored now, try again");
        return;
    }
    call_transact(u->call);
    attachment_rows_ready(u->call->group, u->files, u->count);
    call_audit(u->call, "attach", u->files[0].id, "done", call_printf(u->call, "{\"files\":%d}", u->count));
    call_send(u->call, on_ready);
}

static void on_begun(struct call *call, const struct db_reply *reply) {
    struct upload *u = call->self;
    if (reply->err != ERR_NONE) {
        finish(u, FAILED);
        call_db_problem(call, reply);
        return;
    }
    u->job.work = keep;
    u->job.done = on_kept;
    u->job.context = u;
    if (!attachment_job_start(u->attachments, &u->job))
        answer_failure(u, "系统繁忙, 请稍后再试", "Too busy now, try again");
}

static void begin(struct upload *u) {
    struct call *call = u->call;
    u->at = clock_now();
    call_transact(call);
    attachment_rows_begin(call->group, &call->who.principal, u->at, u->files, u->count);
    call_send(call, on_begun);
}

/* ---- looking ------------------------------------------------------------------------------------------------------------------------ */

static bool is_taken(struct upload *u, const struct attachment_file *file) {
    struct call *call = u->call;
    int no = (int)(file - u->files);
    switch (file->found) {
    case ATTACHMENT_PHOTO:
    case ATTACHMENT_PAPER:
        return true;
    case ATTACHMENT_TYPE:
        refuse(u, 415, no, call_printf(call, "不接受 %s 类型的文件 (按内容判断), 可用: " TYPES_TEXT, file->type),
               call_printf(call, "by its content this is %s, which is not taken; taken are " TYPES_TEXT, file->type));
        break;
    case ATTACHMENT_PIXELS:
        refuse(u, 413, no, "图片像素过多, 最多 5000 万像素, 每边不超过 16383",
               "the picture has too many pixels: at most 50 million, and 16,383 on a side");
        break;
    case ATTACHMENT_DAMAGED:
        refuse(u, 422, no, "文件不完整或已损坏, 请重新选择", "the file is cut or damaged: choose it again");
        break;
    case ATTACHMENT_UNREADABLE:
        refuse(u, 422, no, "文件无法读取, 请换一张图片", "the file cannot be read: choose another picture");
        break;
    case ATTACHMENT_AWAY:
        break;
    }
    return false;
}

static void on_looked(void *context) {
    struct upload *u = context;
    const struct attachment_file *file = &u->files[u->looked];
    if (file->found == ATTACHMENT_AWAY) {
        answer_failure(u, "暂时无法接收附件, 请稍后再试", "Attachments cannot be taken now, try again");
    } else if (!is_taken(u, file)) {
        answer_refusal(u);
    } else if (++u->looked < u->count) {
        attachment_look(&u->files[u->looked]);
    } else {
        begin(u);
    }
}

/* ---- the body ------------------------------------------------------------------------------------------------------------------------ */

static bool open_files(struct upload *u, struct attachment_file *file) {
    uint8_t random[(ATTACHMENT_ID_BYTES - 1) / 2];
    crypto_random(random, sizeof random);
    *file = (struct attachment_file){.attachments = u->attachments, .looked = on_looked, .context = u};
    crypto_to_hex(random, sizeof random, file->id);
    file->in = attachment_file_new(u->attachments);
    file->out = attachment_file_new(u->attachments);
    file->small = attachment_file_new(u->attachments);
    return file->in >= 0 && file->out >= 0 && file->small >= 0;
}

static bool begin_file(struct upload *u, const struct http_part *part) {
    struct call *call = u->call;
    if (strcmp(part->name, "file") || !part->filename) {
        refuse(u, 400, -1, "每个文件的字段名须为 file",
               "each file goes into a field called file, and there are no other fields");
        return false;
    }
    if (u->count == ATTACHMENTS_MAX) {
        refuse(u, 413, u->count, call_printf(call, "一次最多 %d 个文件", ATTACHMENTS_MAX),
               call_printf(call, "at most %d files at a time", ATTACHMENTS_MAX));
        return false;
    }
    if (open_files(u, &u->files[u->count++])) return true;
    log_error("attachment_no_room", LOG_INT("errno", errno));
    u->status = 503;
    return false;
}

static bool on_part(void *context, const struct http_part *part) {
    struct upload *u = context;
    if (part->offset == 0 && !begin_file(u, part)) return false;
    struct attachment_file *file = &u->files[u->count - 1];
    file->received += part->length;
    if (file->received > (uint64_t)console_config.attachment_bytes) {
        refuse(u, 413, u->count - 1,
               call_printf(u->call, "文件过大, 每个最多 %lld 字节", (long long)console_config.attachment_bytes),
               call_printf(u->call, "the file is too large: at most %lld bytes each",
                           (long long)console_config.attachment_bytes));
        return false;
    }
    const uint8_t *at = part->bytes;
    for (size_t left = part->length; left > 0;) {
        ssize_t n = write(file->in, at, left);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            log_error("attachment_no_room", LOG_INT("errno", errno));
            u->status = 503;
            return false;
        }
        at += n;
        left -= (size_t)n;
    }
    return true;
}

static void check_files(struct upload *u) {
    if (u->count == 0)
        refuse(u, 400, -1, "没有文件, 请放在字段 file 中", "there is no file: put it into a field called file");
    for (int i = 0; i < u->count && !u->status; i++)
        if (u->files[i].received == 0) refuse(u, 422, i, "文件是空的", "the file is empty");
}

static void on_body_end(void *context, enum err err) {
    struct upload *u = context;
    if (err == ERR_CLOSED || err == ERR_TIMEOUT) {
        finish(u, CUT);
        call_problem(u->call, 503, "传输中断", "The transfer was cut");
        return;
    }
    if (err == ERR_INVALID)
        refuse(u, 400, -1, "不是完整的 multipart/form-data", "the body is no whole multipart/form-data");
    if (err == ERR_NONE) check_files(u);
    if (u->status == 503)
        answer_failure(u, "磁盘空间不足, 请稍后再试", "There is no room on the disk now, try again");
    else if (u->status)
        answer_refusal(u);
    else
        attachment_look(&u->files[0]);
}

/* ---- the head ------------------------------------------------------------------------------------------------------------------------ */

static void on_day(struct call *call, const struct db_reply *reply) {
    struct upload *u = call->self;
    if (reply->err != ERR_NONE) {
        finish(u, FAILED);
        call_db_problem(call, reply);
        return;
    }
    int64_t most = u->by_resident ? console_config.attachments_day_public : console_config.attachments_day;
    if (db_get_int(reply->results[1], 0, 0) >= most) {
        finish(u, REFUSED);
        http_set_header(call->request, "Retry-After", "3600");
        call_problem_type(call, 429, "day-total", (struct sentence){"今日上传已达上限", "The day's total is reached"},
                          (struct sentence){call_printf(call, "24 小时内最多上传 %lld 字节", (long long)most),
                                            call_printf(call, "at most %lld bytes in 24 hours", (long long)most)});
        return;
    }
    if (http_read_parts(call->request, on_part, on_body_end, u)) return;
    refuse(u, 400, -1, "请用 multipart/form-data, 并给出 boundary", "send multipart/form-data with a boundary");
    answer_refusal(u);
}

/* Residents, who have no account, never take more than half of the places. */
static bool has_place(const struct attachments *a, bool by_resident) {
    if (a->console->draining || a->uploads_now >= console_config.attachments_at_once) return false;
    return !by_resident || a->residents_now < (console_config.attachments_at_once + 1) / 2;
}

static void post(struct call *call, bool by_resident) {
    struct attachments *a = call->console->attachments;
    if (!a) {
        call_problem(call, 503, "未配置附件存储", "No store for attachments is configured");
        return;
    }
    if (!has_place(a, by_resident)) {
        metric_add(&taken, BUSY, 1);
        call_problem_type(
            call, 503, "busy", (struct sentence){"上传繁忙", "Too many uploads"},
            (struct sentence){"正在上传的人较多, 请稍后再试", "too many uploads are under way, try again in a moment"});
        return;
    }
    struct upload *u = call_take(call, sizeof *u);
    u->attachments = a;
    u->call = call;
    u->by_resident = by_resident;
    call->self = u;
    call->takes_errors = true;
    a->uploads_now++;
    a->residents_now += by_resident;
    call_read(call);
    struct db_call *day = call_add(call, &DAY);
    db_set_int8(day, 1, call->who.principal.user);
    db_set_int8(day, 2, clock_now() - ATTACHMENT_DAY_MS);
    call_send(call, on_day);
}

void attachments_post(struct call *call) {
    post(call, false);
}

void public_attachments_post(struct call *call) {
    post(call, true);
}
