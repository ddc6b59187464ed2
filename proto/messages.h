/* The structs and messages of proto/messages.def, and the field tables the walkers read. Encoding: proto/codec.h (msgpack) and
 * proto/json.h. Structs own nothing: text and bytes point into the buffer that was decoded or into the caller's. */
#ifndef PROTO_MESSAGES_H
#define PROTO_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/limits.h"
#include "proto/words.h"
#include "proto/messages.def"

enum { PROTOCOL_VERSION = 1 };

/* UTF-8 (valid, no NUL) or bytes, borrowed; len 0 means absent. */
struct text {
    const char *at;
    uint32_t len;
};
struct bytes {
    const uint8_t *at;
    uint32_t len;
};

#define KIND_u8    uint8_t
#define KIND_u16   uint16_t
#define KIND_u32   uint32_t
#define KIND_i32   int32_t
#define KIND_i64   int64_t
#define KIND_flag  bool
#define KIND_time  time_ms
#define KIND_text  struct text
#define KIND_bytes struct bytes

#define FIELD_F(tag, kind, name, doc) KIND_##kind name;
#define FIELD_E(tag, set, name, doc)  uint8_t name;
#define FIELD_S(tag, type, name, doc) struct type name;
/* in a struct of its own, so that the distance from count to items is the same wherever the list stands (table.c) */
#define FIELD_L(tag, kind, name, max, doc)                                                                             \
    struct {                                                                                                           \
        uint16_t name##_count;                                                                                         \
        KIND_##kind name[max];                                                                                         \
    };
#define FIELD_LS(tag, type, name, max, doc)                                                                            \
    struct {                                                                                                           \
        uint16_t name##_count;                                                                                         \
        struct type name[max];                                                                                         \
    };

#define DEFINE_STRUCT(name, fields, doc)                                                                               \
    struct name {                                                                                                      \
        fields(FIELD_F, FIELD_E, FIELD_S, FIELD_L, FIELD_LS)                                                           \
    };
STRUCTS(DEFINE_STRUCT)
#define DEFINE_MESSAGE(number, name, fields, from, to, doc) DEFINE_STRUCT(name, fields, doc)
MESSAGES(DEFINE_MESSAGE)

#define MESSAGE_ENUM(number, name, fields, from, to, doc) MESSAGE_##name = number,
enum message_type { MESSAGES(MESSAGE_ENUM) };

#endif
