/* paidan verify: puts the parts of verify.h together. Parts that fold tickets run in a child process that shares the findings: when core
 * gives up on an event, the place is known and the next child goes on behind that ticket. */
#include "tools/paidan/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/crypto.h"
#include "common/json_writer.h"
#include "common/number.h"
#include "proto/must.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/database.h"

enum { TIMEOUT_MS = 600 * 1000 };

void verify_damage(struct verify *v, const char *place, struct sentence what, const char *detail) {
    if (v->damage_count++ >= VERIFY_DAMAGES_KEPT) return;
    struct verify_damage *d = &v->damages[v->damage_count - 1];
    snprintf(d->place, sizeof d->place, "%s", place);
    snprintf(d->detail, sizeof d->detail, "%s", detail);
    d->what = what;
}

void verify_progress(const struct verify *v, bool end) {
    if (!v->progress) return;
    fprintf(stderr,
            "\r  events %" PRId64 "  audit %" PRId64 "  tickets %" PRId64 "  replayed %" PRId64 "  damages %" PRId64
            "  ",
            v->events, v->audits, v->tickets, v->replayed, v->damage_count);
    if (end) fputs("\r\033[K", stderr);
}

/* ---- one snapshot for all processes ----------------------------------------------------------------------------------------------- */

static enum err begin(struct db_blocking *db, char *snapshot, size_t size) {
    struct db_result *row;
    size_t len;
    char sql[300];
    bool own = !*snapshot;
    enum err err = db_script_blocking(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (err != ERR_NONE) return err;
    if (!own) {
        snprintf(sql, sizeof sql, "SET TRANSACTION SNAPSHOT '%s'", snapshot);
        return db_script_blocking(db, sql);
    }
    err = db_run_blocking(db, "SELECT pg_export_snapshot()::text", NULL, &row);
    if (err != ERR_NONE) return err;
    snprintf(snapshot, size, "%s", db_get_text(row, 0, 0, &len));
    db_result_free(&row);
    return ERR_NONE;
}

/* ---- the child that folds ------------------------------------------------------------------------------------------------------------ */

enum { CHILD_OK = 0, CHILD_UNREAD = 3 };

static void child(const char *conninfo, struct verify *v, char *snapshot, size_t size, int64_t after) {
    struct rlimit none = {0, 0};
    struct db_blocking *db;
    setrlimit(RLIMIT_CORE, &none);
    int nowhere = open("/dev/null", O_WRONLY);
    if (!v->progress && nowhere >= 0) dup2(nowhere, STDERR_FILENO); /* must() speaks of code, not of data */
    enum err err = db_blocking_open(conninfo, TIMEOUT_MS, &db);
    if (err == ERR_NONE) err = begin(db, snapshot, size);
    if (err == ERR_NONE) err = verify_tickets(db, v, after);
    _exit(err == ERR_NONE ? CHILD_OK : CHILD_UNREAD);
}

static enum err fold_all(const char *conninfo, struct verify *v, char *snapshot, size_t size) {
    int64_t after = 0;
    for (;;) {
        int status;
        fflush(NULL);
        pid_t pid = fork();
        if (pid < 0) return ERR_IO;
        if (pid == 0) child(conninfo, v, snapshot, size, after);
        while (waitpid(pid, &status, 0) < 0)
            if (errno != EINTR) return ERR_IO;
        if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_OK) return ERR_NONE;
        if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_UNREAD) return ERR_CLOSED;
        if (v->ticket <= after) return ERR_IO; /* it fell over before the first ticket */
        char place[VERIFY_TEXT_BYTES], number[NUMBER_TEXT_BYTES];
        number_format_ticket(v->ticket, number);
        snprintf(place, sizeof place, "%s, version %u", number, v->version);
        verify_damage(v, place,
                      (struct sentence){"事件无法重放: 不是系统写下的",
                                        "the event cannot be replayed: the system never wrote it"},
                      "");
        after = v->ticket;
        v->tickets++;
    }
}

/* ---- what is said ---------------------------------------------------------------------------------------------------------------------- */

static void say(const struct cli *cli, const struct verify *v) {
    printf(cli_in(cli, "事件 %" PRId64 ", 重放 %" PRId64 ", 工单 %" PRId64 ", 诉求 %" PRId64 ", 审计 %" PRId64 "\n",
                  "events %" PRId64 ", replayed %" PRId64 ", tickets %" PRId64 ", requests %" PRId64
                  ", audit rows %" PRId64 "\n"),
           v->events, v->replayed, v->tickets, v->requests, v->audits);
    if (!v->damage_count) {
        puts(cli_in(cli, "完好: 哈希链连续, 每张工单都与其事件一致。",
                    "Sound: the chains hold, and every ticket is what its events make."));
        return;
    }
    printf(cli_in(cli, "发现 %" PRId64 " 处损坏, 第一处在: %s\n", "%" PRId64 " damages, the first at: %s\n"),
           v->damage_count, v->damages[0].place);
    for (int64_t i = 0; i < v->damage_count && i < VERIFY_DAMAGES_KEPT; i++)
        printf("  %s: %s%s%s\n", v->damages[i].place, sentence_in(v->damages[i].what, cli->language),
               *v->damages[i].detail ? ": " : "", v->damages[i].detail);
    if (v->damage_count > VERIFY_DAMAGES_KEPT) puts("  ...");
}

static void say_json(const struct verify *v) {
    struct buffer out = {0};
    struct json_writer w;
    json_writer_init(&w, &out);
    json_open(&w);
    json_put_bool(&w, "sound", v->damage_count == 0);
    json_put_int(&w, "events", v->events);
    json_put_int(&w, "replayed", v->replayed);
    json_put_int(&w, "tickets", v->tickets);
    json_put_int(&w, "requests", v->requests);
    json_put_int(&w, "audit", v->audits);
    json_put_int(&w, "damage_count", v->damage_count);
    json_put_open_list(&w, "damages");
    for (int64_t i = 0; i < v->damage_count && i < VERIFY_DAMAGES_KEPT; i++) {
        json_open(&w);
        json_put_string(&w, "place", v->damages[i].place);
        json_put_string(&w, "zh", v->damages[i].what.zh);
        json_put_string(&w, "en", v->damages[i].what.en);
        json_put_string(&w, "detail", v->damages[i].detail);
        json_close(&w);
    }
    json_close_list(&w);
    json_close(&w);
    puts(buffer_text(&out));
    buffer_done(&out);
}

enum cli_exit run_verify(struct cli *cli) {
    char snapshot[100] = "";
    struct db_blocking *db = NULL;
    const char *conninfo = database_of(cli, "paidan_owner");
    struct verify *v = mmap(NULL, sizeof *v, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(v != MAP_FAILED);
    v->progress = isatty(STDERR_FILENO) && !cli->json;
    enum err err = crypto_open();
    if (err == ERR_NONE) err = db_blocking_open(conninfo, TIMEOUT_MS, &db);
    if (err == ERR_NONE) err = begin(db, snapshot, sizeof snapshot);
    if (err == ERR_NONE) err = verify_chains(db, v);
    if (err == ERR_NONE) err = verify_audit(db, v);
    if (err == ERR_NONE) err = verify_requests(db, v);
    if (err == ERR_NONE) err = fold_all(conninfo, v, snapshot, sizeof snapshot);
    verify_progress(v, true);
    if (err != ERR_NONE) {
        database_say(cli, db, err);
    } else if (cli->json) {
        say_json(v);
    } else {
        say(cli, v);
    }
    enum cli_exit code = err != ERR_NONE ? CLI_UNREACHABLE : v->damage_count ? CLI_REFUSED : CLI_OK;
    if (db) db_blocking_close(&db);
    munmap(v, sizeof *v);
    return code;
}
