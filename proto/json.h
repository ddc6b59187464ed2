/* Structs of proto/messages.def as JSON objects: one ordinary walker each way over the tables of table.h. Not for parsing or
 * checking JSON, nor for building other JSON (common/json.h, common/json_writer.h).
 *
 *   u8 u16 u32 i32   number            i64     string of decimal digits (a reader in a browser loses digits over 2^53)
 *   flag             true, false       time    string, RFC 3339 with +08:00
 *   word             its text          text    string
 *   bytes            string, hex       list    array
 * A field that is zero or empty is left out; reading, what is left out or null is zero. */
#ifndef PROTO_JSON_H
#define PROTO_JSON_H

#include "proto/table.h"

struct cJSON;

/* What a value can be instead of what its field wants. */
#define MISFITS(M)                                                                                                     \
    M(MISFIT_OBJECT, "必须是对象", "must be an object")                                                                \
    M(MISFIT_LIST, "必须是数组", "must be a list")                                                                     \
    M(MISFIT_NUMBER, "必须是整数", "must be an integer")                                                               \
    M(MISFIT_ID, "必须是写成字符串的整数", "must be an integer written as a string")                                   \
    M(MISFIT_FLAG, "必须是 true 或 false", "must be true or false")                                                    \
    M(MISFIT_TIME, "必须是带时区的时间, 如 2026-11-21T09:30:00+08:00",                                                 \
      "must be a time with offset, such as 2026-11-21T09:30:00+08:00")                                                 \
    M(MISFIT_TEXT, "必须是字符串", "must be a string")                                                                 \
    M(MISFIT_UTF8, "不是有效的 UTF-8 文本", "is not valid UTF-8")                                                      \
    M(MISFIT_BYTES, "必须是十六进制字符串", "must be a string of hex digits")                                          \
    M(MISFIT_WORD, "不是允许的取值", "is not one of the words allowed here")                                           \
    M(MISFIT_RANGE, "超出允许范围", "is out of range")                                                                 \
    M(MISFIT_LONG, "项数过多", "has too many items")                                                                   \
    M(MISFIT_UNKNOWN, "没有这个字段", "is not a known field")                                                          \
    M(MISFIT_TWICE, "字段重复", "is given twice")

#define MISFIT_ITEM(name, zh, en) name,
enum misfit_kind { MISFIT_NONE, MISFITS(MISFIT_ITEM) MISFIT_COUNT };

enum { MISFIT_POINTER_MAX = 160 };

struct misfit {
    enum misfit_kind kind;
    char pointer
        [MISFIT_POINTER_MAX]; /* RFC 6901: "/effect/clocks/3/clock/stage"; cut at a whole character when too long */
};

/* Writes the object into buf, NUL-terminated; *ret_len is without the NUL. False when it does not fit (buf is then worthless
 * and *ret_len untouched). Text must be valid UTF-8, as everything that was decoded is. */
bool json_write_struct(const struct type_info *type, const void *from, char *buf, size_t cap, size_t *ret_len);

/* Reads an object of a tree that has passed common/json. Returns how many misfits there are: 0 is success; the first
 * `misfits_max` are described. After a misfit the struct is all zero. Text points into the tree, and so do bytes: their hex
 * is decoded in place, so a tree can be read once. A member that the struct does not have is a misfit. */
size_t json_read_struct(const struct type_info *type, struct cJSON *tree, void *ret_struct, struct misfit *ret_misfits,
                        size_t misfits_max);

/* A sentence's second half in both languages, to stand behind the field's name. Never NULL. */
const char *misfit_zh(enum misfit_kind kind);
const char *misfit_en(enum misfit_kind kind);

#endif
