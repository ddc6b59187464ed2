/* What the files of attachment*.c share. Not for others. */
#ifndef CONSOLE_ATTACHMENTS_INNER_H
#define CONSOLE_ATTACHMENTS_INNER_H

#include "common/child.h"
#include "common/list.h"
#include "common/file_store.h"
#include "proto/limits.h"
#include "services/console/attachments.h"

#define ATTACHMENT_DAY_MS (24 * 3600 * INT64_C(1000))

enum {
    ATTACHMENT_ID_BYTES = 33, /* with NUL */
    ATTACHMENT_LOOKS_MAX = 2, /* pictures being looked at: each may take a gigabyte and a processor */
    ATTACHMENT_JOBS_MAX = 2,  /* threads of the pool that wait for the store; logins need the others */
    ATTACHMENT_JOBS_WAITING_MAX = 200,
};

/* Blocking work with the store, in order of arrival. Lies in its owner. */
struct attachment_job {
    struct list_place place;
    struct attachments *attachments;
    void (*work)(struct attachment_job *job); /* in a thread */
    void (*done)(void *context);
    void *context;
};

struct attachments {
    struct console *console;
    struct file_store *store;
    uint8_t key[32];
    char *program; /* paidan-image */
    int spool;     /* the folder's descriptor: files under way, which have no name */
    int uploads_now, residents_now, looks_now, jobs_now; /* residents: of the uploads, theirs */
    struct attachment_file *looking[ATTACHMENT_LOOKS_MAX];
    struct list looks, jobs; /* that wait */
    struct attachment_sweep *sweep;
    struct attachment_fetches *fetches;
};
/* What waits for a thread that was not to be had. */
void attachment_jobs_tick(struct attachments *attachments);

/* A file without a name; -1: none can be made. */
int attachment_file_new(const struct attachments *attachments);
/* Where it lies in the store: "ab/cd/ID", or its thumbnail. */
void attachment_store_key(const char *id, bool thumbnail, char ret_key[FILE_STORE_KEY_MAX]);
/* False: too many wait. */
bool attachment_job_start(struct attachments *attachments, struct attachment_job *job);

/* What paidan-image says of a file. */
enum attachment_found {
    ATTACHMENT_PHOTO,
    ATTACHMENT_PAPER,
    ATTACHMENT_TYPE,       /* of a kind that is not taken */
    ATTACHMENT_DAMAGED,    /* cut, or no such picture */
    ATTACHMENT_PIXELS,     /* too many */
    ATTACHMENT_UNREADABLE, /* it died over it, or took too long */
    ATTACHMENT_AWAY        /* it could not be started */
};

struct attachment_file {
    struct list_place place; /* waits to be looked at */
    struct attachments *attachments;
    struct child *child;
    void (*looked)(void *context);
    void *context;

    char id[ATTACHMENT_ID_BYTES];
    int in, out, small; /* as sent; as kept; thumbnail. -1: none */
    uint64_t received;
    enum attachment_found found;
    char type[64];
    int width, height;
    bool thumbnail, has_place;
    time_ms occurred_at; /* 0: it does not say */
    double lon, lat;
    uint8_t received_sha256[32], sha256[32];
    uint64_t bytes;
};

/* looked is called later. */
void attachment_look(struct attachment_file *file);
/* The service ends: those under way are killed, and nobody is told. */
void attachment_looks_end(struct attachments *attachments);
/* In a thread: hashes, seals, stores. */
enum err attachment_keep(const struct attachments *attachments, struct attachment_file *file);
void attachment_file_close(struct attachment_file *file);

/* attachment_row.c: statements about the rows of these files, added to a group */
void attachment_rows_begin(struct db_group *group, const struct principal *by, time_ms at,
                           const struct attachment_file *files, int count);
void attachment_rows_ready(struct db_group *group, const struct attachment_file *files, int count);

/* attachment_fetch.c */
struct attachment_fetches *attachment_fetches_new(struct attachments *attachments);
void attachment_fetches_free(struct attachment_fetches **fetches);
void attachment_fetch_tick(struct attachment_fetches *fetches);

/* attachment_sweep.c */
struct attachment_sweep *attachment_sweep_new(struct attachments *attachments);
void attachment_sweep_free(struct attachment_sweep **sweep);
void attachment_sweep_tick(struct attachment_sweep *sweep);

#endif
