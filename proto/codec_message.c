/* A whole message: envelope and body one behind the other in one frame, and the names of what can be wrong with it. */
#include "proto/codec.h"
#include "proto/must.h"

#include <stdio.h>
#include <string.h>

enum codec_error message_encode(enum message_type type, const struct envelope *envelope, const void *body, uint8_t *buf,
                                size_t cap, size_t *ret_len) {
    const struct message_info *info = table_message((int)type);
    must(info);
    struct envelope head = *envelope;
    head.protocol = PROTOCOL_VERSION;
    head.type = (uint8_t)type;
    if (cap > MESSAGE_BYTES_MAX) cap = MESSAGE_BYTES_MAX;
    size_t head_len, body_len;
    if (codec_encode(&type_envelope, &head, buf, cap, &head_len)) return CODEC_FULL;
    if (codec_encode(info->type, body, buf + head_len, cap - head_len, &body_len)) return CODEC_FULL;
    *ret_len = head_len + body_len;
    return CODEC_OK;
}

/* Tells where in the frame, and of which part of it, the path speaks. */
static void place(struct codec_fault *fault, const char *part, size_t offset) {
    char path[sizeof fault->path];
    int len = snprintf(path, sizeof path, "%s%s%s", part, fault->path[0] ? "." : "", fault->path);
    if (len > 0 && (size_t)len < sizeof path) memcpy(fault->path, path, (size_t)len + 1);
    fault->offset += (uint32_t)offset;
}

static enum codec_error decode_head(const uint8_t *buf, size_t len, struct envelope *ret_envelope, size_t *ret_used,
                                    struct codec_fault *ret_fault) {
    enum codec_error error = codec_decode_front(&type_envelope, buf, len, ret_envelope, ret_used, ret_fault);
    if (error) {
        place(ret_fault, "envelope", 0);
        return error;
    }
    if (ret_envelope->protocol != PROTOCOL_VERSION)
        *ret_fault = (struct codec_fault){CODEC_PROTOCOL, 0, "envelope.protocol"};
    else if (!table_message(ret_envelope->type))
        *ret_fault = (struct codec_fault){CODEC_TYPE, 0, "envelope.type"};
    else
        return CODEC_OK;
    memset(ret_envelope, 0, sizeof *ret_envelope);
    return ret_fault->error;
}

enum codec_error message_decode(const uint8_t *buf, size_t len, struct message *ret_message,
                                struct codec_fault *ret_fault) {
    struct codec_fault fault;
    size_t used;
    ret_message->info = NULL;
    enum codec_error error = decode_head(buf, len, &ret_message->envelope, &used, &fault);
    if (!error) {
        const struct message_info *info = table_message(ret_message->envelope.type);
        /* the body is every member of the union; its first is as good an address as any */
        error = codec_decode(info->type, buf + used, len - used, &ret_message->request_new, &fault);
        if (error)
            place(&fault, info->name, used);
        else
            ret_message->info = info;
    }
    if (error && ret_fault) *ret_fault = fault;
    return error;
}

#define CODEC_ERROR_ROW(name, text, doc) [name] = {text, doc},
static const struct {
    const char *text, *doc;
} errors[CODEC_ERROR_COUNT] = {{"ok", "nothing wrong"}, CODEC_ERRORS(CODEC_ERROR_ROW)};

const char *codec_error_text(enum codec_error error) {
    must((int)error < CODEC_ERROR_COUNT);
    return errors[error].text;
}

const char *codec_error_doc(enum codec_error error) {
    must((int)error < CODEC_ERROR_COUNT);
    return errors[error].doc;
}
