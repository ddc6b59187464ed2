/* See news.h. */
#include "services/console/news.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/console/board.h"
#include "services/console/commands.h"
#include "services/console/followups.h"
#include "services/console/stream.h"

METRIC_COUNTER(gaps, "paidan_console_news_gaps_total", "Gaps in the router's news; what they held was read anew.");
METRIC_COUNTER(bad, "paidan_console_messages_bad_total", "Messages that could not be read.");

enum { SILENT_MS = 3000, OUT_BYTES = MESSAGE_BYTES_MAX, QUEUE = 10000 };

struct news {
    struct console *console;
    struct bus_socket *door, *events;
    int64_t head;     /* committed, as far as we know */
    int64_t heard_to; /* of the changes, the last batch heard whole */
    uint16_t part;    /* of the batch being heard */
    uint32_t epoch;
    int64_t beat_at; /* monotonic */
};

int64_t news_head(const struct news *news) {
    return news->head;
}

void news_heard(struct news *news, int64_t seq) {
    if (seq > news->head) news->head = seq;
}

bool news_router_lives(const struct news *news) {
    return news->beat_at && clock_monotonic_ms() - news->beat_at < SILENT_MS;
}

uint32_t news_epoch(const struct news *news) {
    return news->epoch;
}

/* ---- in ------------------------------------------------------------------------------------------------------------------------ */

/* Whether nothing was missed before this message. */
static bool follows(struct news *news, const struct changes *changes) {
    bool first = changes->part == 1;
    bool fits = first ? changes->from_seq == news->heard_to + 1 && news->part == 0 : changes->part == news->part + 1;
    news->part = changes->part == changes->parts ? 0 : changes->part;
    if (changes->part == changes->parts) news->heard_to = changes->to_seq;
    return fits;
}

static void on_changes(struct news *news, const struct changes *changes) {
    bool whole = follows(news, changes);
    if (!whole) metric_add(&gaps, 0, 1);
    news->epoch = changes->epoch;
    news_heard(news, changes->to_seq);
    streams_changed(news->console->streams, changes, whole);
    board_reader_news(news->console->reader);
}

static void on_beat(struct news *news, const struct beat *beat) {
    news->beat_at = clock_monotonic_ms();
    if (beat->epoch != news->epoch ||
        beat->head_seq > news->heard_to) { /* the end of the news was lost, or another writes now */
        if (news->epoch) streams_missed(news->console->streams);
        news->epoch = beat->epoch;
        news->heard_to = beat->head_seq;
        news->part = 0;
        news_heard(news, beat->head_seq);
        board_reader_news(news->console->reader);
    }
    console_world_changed(news->console, beat->world);
}

static void on_message(void *context, const struct bus_message *in) {
    struct news *news = context;
    static struct message message; /* large; one thread */
    struct codec_fault fault;
    if (message_decode(in->bytes, in->len, &message, &fault) != CODEC_OK) {
        metric_add(&bad, 0, 1);
        log_warn("message_refused", LOG_TEXT("why", codec_error_text(fault.error)), LOG_TEXT("path", fault.path));
        return;
    }
    if (message.info->number == MESSAGE_reply) {
        if (!followups_on_reply(news->console->followups, message.envelope.id, &message.reply))
            commands_on_reply(news->console->commands, message.envelope.id, &message.reply);
    } else if (message.info->number == MESSAGE_changes)
        on_changes(news, &message.changes);
    else if (message.info->number == MESSAGE_beat)
        on_beat(news, &message.beat);
}

/* ---- out ------------------------------------------------------------------------------------------------------------------------ */

enum err news_send(struct news *news, enum message_type type, int64_t id, const char *trace, const void *body) {
    static uint8_t bytes[OUT_BYTES];
    struct envelope envelope = {.id = id, .sent_at = clock_now(), .shard = (uint16_t)console_config.shard};
    size_t len;
    if (trace) envelope.trace = (struct text){trace, (uint32_t)strlen(trace)};
    if (message_encode(type, &envelope, body, bytes, sizeof bytes, &len) != CODEC_OK) return ERR_TOO_LARGE;
    return bus_send(news->door, bytes, len);
}

/* ---- opening --------------------------------------------------------------------------------------------------------------------- */

enum err news_open(struct console *console) {
    struct news *news = calloc(1, sizeof *news);
    char path[KIT_PATH_BYTES], address[KIT_PATH_BYTES + 8];
    must(news);
    console->news = news;
    news->console = console;
    console->bus = bus_new(console->kit->loop);
    struct bus_options options = bus_defaults();
    options.send_max = options.receive_max = QUEUE;
    options.message_bytes_max = MESSAGE_BYTES_MAX;
    options.silent_ms = BEATS_SILENT_MS;
    kit_path(console->kit, "bus/router", path);
    snprintf(address, sizeof address, "ipc://%s", path);
    enum err err = bus_connect_dealer(console->bus, address, &options, on_message, news, &news->door);
    if (err == ERR_NONE) {
        kit_path(console->kit, "bus/events", path);
        snprintf(address, sizeof address, "ipc://%s", path);
        err = bus_connect_sub(console->bus, address, &options, on_message, news, &news->events);
    }
    if (err != ERR_NONE) log_error("bus_not_connected", LOG_ERR(err), LOG_TEXT("why", bus_explain(console->bus)));
    return err;
}

void news_close(struct console *console) {
    bus_free(&console->bus);
    free(console->news);
    console->news = NULL;
}
