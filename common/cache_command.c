/* The words of a command on the way out, and the parts of a reply on the way in. */
#include "common/cache_internal.h"
#include "proto/must.h"

#include <hiredis.h>
#include <stdlib.h>

/* ---- commands ----------------------------------------------------------------------------------------------------- */

struct cache_command *cache_command_new(void) {
    struct cache_command *command = calloc(1, sizeof *command);
    must(command != NULL);
    return command;
}

void cache_command_free(struct cache_command **command) {
    if (*command == NULL) return;
    buffer_done(&(*command)->bytes);
    buffer_done(&(*command)->lengths);
    free(*command);
    *command = NULL;
}

void cache_command_bytes(struct cache_command *command, const void *bytes, size_t length) {
    buffer_append(&command->bytes, bytes, length);
    buffer_append(&command->lengths, &length, sizeof length);
}

void cache_command_begin(struct cache_command *command, const char *name) {
    buffer_clear(&command->bytes);
    buffer_clear(&command->lengths);
    while (*name != '\0') {
        size_t length = strcspn(name, " ");
        if (length > 0) cache_command_bytes(command, name, length);
        name += length + (name[length] == ' ');
    }
}

void cache_command_text(struct cache_command *command, const char *text) {
    cache_command_bytes(command, text, strlen(text));
}

void cache_command_int(struct cache_command *command, int64_t value) {
    size_t before = command->bytes.length;
    buffer_append_int(&command->bytes, value);
    size_t length = command->bytes.length - before;
    buffer_append(&command->lengths, &length, sizeof length);
}

size_t cache_command_count(const struct cache_command *command) {
    return command->lengths.length / sizeof(size_t);
}

void cache_command_words(const struct cache_command *command, struct buffer *pointers, struct buffer *lengths) {
    const char *at = command->bytes.data != NULL ? (const char *)command->bytes.data : "";
    const size_t *each = (const size_t *)(void *)command->lengths.data;
    for (size_t i = 0; i < cache_command_count(command); i++) {
        buffer_append(pointers, &at, sizeof at);
        at += each[i];
    }
    buffer_append(lengths, command->lengths.data, command->lengths.length);
}

/* ---- replies ------------------------------------------------------------------------------------------------------ */

static const redisReply *raw(const struct cache_reply *reply) {
    return (const redisReply *)(const void *)reply;
}

enum cache_kind cache_reply_kind(const struct cache_reply *reply) {
    switch (raw(reply)->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return CACHE_TEXT;
    case REDIS_REPLY_INTEGER:
        return CACHE_INT;
    case REDIS_REPLY_ARRAY:
        return CACHE_LIST;
    case REDIS_REPLY_ERROR:
        return CACHE_ERROR;
    default:
        return CACHE_NIL;
    }
}

int64_t cache_reply_int(const struct cache_reply *reply) {
    if (raw(reply)->type == REDIS_REPLY_INTEGER) return raw(reply)->integer;
    if (raw(reply)->type != REDIS_REPLY_STRING) return 0;
    char *end;
    long long value = strtoll(raw(reply)->str, &end, 10);
    return *end == '\0' ? value : 0;
}

const char *cache_reply_text(const struct cache_reply *reply, size_t *ret_length) {
    int type = raw(reply)->type;
    bool is_text = type == REDIS_REPLY_STRING || type == REDIS_REPLY_STATUS || type == REDIS_REPLY_ERROR;
    if (ret_length != NULL) *ret_length = is_text ? (size_t)raw(reply)->len : 0;
    return is_text ? raw(reply)->str : NULL;
}

size_t cache_reply_count(const struct cache_reply *reply) {
    return raw(reply)->type == REDIS_REPLY_ARRAY ? raw(reply)->elements : 0;
}

const struct cache_reply *cache_reply_item(const struct cache_reply *reply, size_t index) {
    must(index < cache_reply_count(reply));
    return (const struct cache_reply *)(const void *)raw(reply)->element[index];
}
