/* What stream*.c share: who watches, grouped by scope. stream.c: what changed and who is told; stream_frames.c: what they are told;
 * stream_watch.c: coming, going, and who may no longer watch. */
#ifndef CONSOLE_STREAM_INTERNAL_H
#define CONSOLE_STREAM_INTERNAL_H

#include "services/console/board.h"
#include "services/console/stream.h"
#include "services/console/totals.h"

enum { STREAM_WAITING_MAX = 5000, STREAM_KEPT_FRAMES = 32, STREAM_BUFFER_MAX = 8 << 20 };

struct watcher {
    struct watcher *next, **link;
    struct group *group;
    struct http_stream *stream;
    enum who_kind kind;
    uint8_t key[WHO_KEY_BYTES];
    struct principal principal;
    bool still_may; /* not refuted by the check under way */
    bool closing;
};

/* All who watch the same units. */
struct group {
    struct group *next;
    struct streams *streams;
    uint32_t root; /* 0: everything */
    struct watcher *watchers;
    struct board_totals totals; /* of a root; everything's are the board's */
    struct totals_reading reading;
    struct http_frame *snapshot; /* as it was encoded last */
    char snapshot_version[BOARD_VERSION_BYTES];
    bool behind; /* was not told of the last boards: needs a snapshot */
    /* the last frames, for who comes back */
    struct http_frame *kept[STREAM_KEPT_FRAMES];
    char kept_version[STREAM_KEPT_FRAMES][BOARD_VERSION_BYTES];
    char kept_since[STREAM_KEPT_FRAMES][BOARD_VERSION_BYTES]; /* the version told before it */
    uint32_t kept_count;                                      /* ever */
    char version[BOARD_VERSION_BYTES];                        /* of the last frame, or the snapshot it began with */
};

struct streams {
    struct console *console;
    struct group *groups;
    int count;
    struct change *waiting; /* the last change of each ticket that no board held yet */
    uint32_t waiting_count;
    bool missed, orphaned;
    char told[BOARD_VERSION_BYTES]; /* version of the board that was told last */
    struct db_group *check;
    int64_t check_at;
};

/* stream_frames.c */
struct group *stream_group(struct streams *streams, uint32_t root);
void stream_drop_empty_groups(struct streams *streams);
void stream_forget_frames(struct group *group);
void stream_send_all(struct group *group, struct http_frame *frame);
/* Encoded once a version, however many come at once; a reference of the caller's own. */
struct http_frame *stream_snapshot(struct group *group);
/* Tells the group what the board now says: a delta, or everything. */
void stream_tell(struct group *group, bool everything_new);
/* Tells it its totals, which were read after the last delta. */
void stream_tell_totals(struct group *group);

/* stream_watch.c */
void stream_check_tick(struct streams *streams);

#endif
