/* The strict reader in front of cJSON: one pass, no recursion, no tree. It knows where it is (a stack of containers), so that a
 * fault can be told as an offset and a pointer. */
#include "common/buffer.h"
#include "common/json.h"
#include "proto/must.h"
#include "proto/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEPTH_MAX = 64,
    NUMBER_MAX = 64,
    PAIRWISE_MAX = 16,
    BYTES_MAX = 1 << 20,
    DEPTH_USUAL = 16,
    VALUES_USUAL = 100000
};

struct level {
    bool is_object;
    size_t index;                  /* of the element being read */
    size_t key_offset, key_length; /* of the member being read, as written */
    size_t first_name;             /* where this object's names begin */
};

struct name {
    uint64_t hash; /* of the decoded key: equal keys are surely equal, others nearly surely not */
    size_t offset;
};

struct reader {
    const uint8_t *text;
    size_t length, at, values;
    size_t utf8_length; /* from the front */
    struct json_limits limits;
    int depth;
    struct level levels[DEPTH_MAX];
    struct buffer names; /* struct name, for all open objects */
    struct buffer decoded;
    struct json_fault *fault;
};

/* ---- where and what ------------------------------------------------------------------------------------------------- */

static size_t escape_decode(const uint8_t *at, size_t left, struct buffer *to);

static void pointer_add(char *pointer, size_t *used, const uint8_t *bytes, size_t length) {
    size_t i = 0;
    for (; i < length && *used + 3 < JSON_POINTER_MAX; i++) {
        if (bytes[i] == '~' || bytes[i] == '/') {
            pointer[(*used)++] = '~';
            pointer[(*used)++] = bytes[i] == '~' ? '0' : '1';
        } else {
            pointer[(*used)++] = (char)bytes[i];
        }
    }
    if (i == length || (bytes[i] & 0xc0) != 0x80) return;
    while (((uint8_t)pointer[*used - 1] & 0xc0) == 0x80) --*used; /* cut between characters, not inside one */
    --*used;
}

static void key_decode(struct reader *reader, size_t offset, size_t length) {
    buffer_clear(&reader->decoded);
    for (size_t at = offset; at < offset + length;) {
        if (reader->text[at] == '\\') {
            at += escape_decode(reader->text + at, offset + length - at, &reader->decoded);
        } else {
            buffer_append_byte(&reader->decoded, reader->text[at++]);
        }
    }
}

static bool wrong_at(struct reader *reader, enum json_wrong wrong, size_t offset) {
    struct json_fault *fault = reader->fault;
    size_t used = 0;
    fault->wrong = wrong;
    fault->offset = offset;
    for (int i = 0; i < reader->depth; i++) {
        const struct level *level = &reader->levels[i];
        if (level->is_object && level->key_offset == 0) break; /* no key yet: the object itself */
        if (used + 1 < JSON_POINTER_MAX) fault->pointer[used++] = '/';
        if (level->is_object) {
            key_decode(reader, level->key_offset, level->key_length);
            pointer_add(fault->pointer, &used, reader->decoded.data, reader->decoded.length);
        } else {
            char digits[24];
            int length = snprintf(digits, sizeof digits, "%zu", level->index);
            pointer_add(fault->pointer, &used, (const uint8_t *)digits, (size_t)length);
        }
    }
    fault->pointer[used] = '\0';
    return false;
}

static bool wrong(struct reader *reader, enum json_wrong what) {
    return wrong_at(reader, what, reader->at);
}

/* ---- strings -------------------------------------------------------------------------------------------------------- */

/* Four hex digits, or -1. */
static int hex4(const uint8_t *at, size_t left) {
    int value = 0;
    if (left < 4) return -1;
    for (int i = 0; i < 4; i++) {
        uint8_t c = at[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

static void utf8_append(struct buffer *to, uint32_t point) {
    if (point < 0x80) {
        buffer_append_byte(to, (uint8_t)point);
    } else if (point < 0x800) {
        buffer_append(to, (uint8_t[]){0xc0 | point >> 6, 0x80 | (point & 63)}, 2);
    } else if (point < 0x10000) {
        buffer_append(to, (uint8_t[]){0xe0 | point >> 12, 0x80 | (point >> 6 & 63), 0x80 | (point & 63)}, 3);
    } else {
        buffer_append(
            to,
            (uint8_t[]){0xf0 | point >> 18, 0x80 | (point >> 12 & 63), 0x80 | (point >> 6 & 63), 0x80 | (point & 63)},
            4);
    }
}

/* One checked escape, from its backslash; returns its length as written. */
static size_t escape_decode(const uint8_t *at, size_t left, struct buffer *to) {
    static const char FROM[] = "bfnrt", TO[] = "\b\f\n\r\t";
    if (at[1] != 'u') {
        const char *known = strchr(FROM, at[1]);
        buffer_append_byte(to, known != NULL ? (uint8_t)TO[known - FROM] : at[1]);
        return 2;
    }
    uint32_t point = (uint32_t)hex4(at + 2, left - 2);
    if (point < 0xd800 || point > 0xdfff) {
        utf8_append(to, point);
        return 6;
    }
    utf8_append(to, 0x10000 + ((point - 0xd800) << 10) + ((uint32_t)hex4(at + 8, left - 8) - 0xdc00));
    return 12;
}

static bool read_escape(struct reader *reader) {
    const uint8_t *at = reader->text + reader->at;
    size_t left = reader->length - reader->at;
    if (left < 2 || at[1] == '\0' || strchr("\"\\/bfnrtu", at[1]) == NULL) return wrong(reader, JSON_ESCAPE);
    if (at[1] != 'u') {
        reader->at += 2;
        return true;
    }
    int point = hex4(at + 2, left - 2);
    if (point < 0) return wrong(reader, JSON_ESCAPE);
    if (point == 0) return wrong(reader, JSON_NUL);
    if (point >= 0xdc00 && point <= 0xdfff) return wrong(reader, JSON_SURROGATE);
    reader->at += 6;
    if (point < 0xd800 || point > 0xdfff) return true;
    int low = left >= 12 && at[6] == '\\' && at[7] == 'u' ? hex4(at + 8, left - 8) : -1;
    if (low < 0xdc00 || low > 0xdfff) return wrong_at(reader, JSON_SURROGATE, reader->at - 6);
    reader->at += 6;
    return true;
}

/* From the quote to behind the closing one. */
static bool read_string(struct reader *reader, bool *ret_escaped) {
    *ret_escaped = false;
    reader->at++;
    while (reader->at < reader->length) {
        uint8_t byte = reader->text[reader->at];
        if (byte == '"') {
            reader->at++;
            return true;
        }
        if (byte == '\\') {
            *ret_escaped = true;
            if (!read_escape(reader)) return false;
        } else if (byte < 0x20) {
            return wrong(reader, byte == 0 ? JSON_NUL : JSON_CONTROL);
        } else if (reader->at == reader->utf8_length) {
            return wrong(reader, JSON_NOT_UTF8);
        } else {
            reader->at++;
        }
    }
    return wrong(reader, JSON_SYNTAX);
}

/* ---- keys ------------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const uint8_t *bytes, size_t length) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

static int name_order(const void *a_, const void *b_) {
    const struct name *a = a_, *b = b_;
    if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static bool repeated(struct reader *reader, struct level *level, size_t offset) {
    level->key_offset = 0; /* the fault is the object's */
    return wrong_at(reader, JSON_DUPLICATE_KEY, offset);
}

static bool read_key(struct reader *reader) {
    struct level *level = &reader->levels[reader->depth - 1];
    size_t start = reader->at;
    bool escaped;
    level->key_offset = 0;
    if (!read_string(reader, &escaped)) return false;
    size_t offset = start + 1, length = reader->at - start - 2;
    struct name name = {.offset = start};
    if (escaped) {
        key_decode(reader, offset, length);
        name.hash = hash_of(reader->decoded.data, reader->decoded.length);
    } else {
        name.hash = hash_of(reader->text + offset, length);
    }
    const struct name *names = (const struct name *)(void *)reader->names.data + level->first_name;
    size_t count = reader->names.length / sizeof name - level->first_name;
    for (size_t i = 0; i < count && count < PAIRWISE_MAX; i++)
        if (names[i].hash == name.hash) return repeated(reader, level, start);
    buffer_append(&reader->names, &name, sizeof name);
    level->key_offset = offset;
    level->key_length = length;
    return true;
}

/* A few names were compared as they came; many are sorted at the end. */
static bool close_names(struct reader *reader, struct level *level) {
    struct name *names = (struct name *)(void *)reader->names.data + level->first_name;
    size_t count = reader->names.length / sizeof *names - level->first_name;
    if (count > PAIRWISE_MAX) {
        qsort(names, count, sizeof *names, name_order);
        for (size_t i = 1; i < count; i++)
            if (names[i].hash == names[i - 1].hash) return repeated(reader, level, names[i].offset);
    }
    reader->names.length = level->first_name * sizeof *names;
    return true;
}

/* ---- values ----------------------------------------------------------------------------------------------------------- */

static void skip_digits(struct reader *reader) {
    while (reader->at < reader->length && reader->text[reader->at] >= '0' && reader->text[reader->at] <= '9')
        reader->at++;
}

static bool take_byte(struct reader *reader, const char *any_of) {
    if (reader->at >= reader->length || reader->text[reader->at] == '\0' ||
        strchr(any_of, reader->text[reader->at]) == NULL)
        return false;
    reader->at++;
    return true;
}

static bool read_number(struct reader *reader) {
    size_t start = reader->at, digits;
    char text[NUMBER_MAX];
    take_byte(reader, "-");
    digits = reader->at;
    if (!take_byte(reader, "0")) skip_digits(reader);
    if (reader->at == digits) return wrong_at(reader, JSON_NUMBER, start);
    bool whole = true;
    if (take_byte(reader, ".")) {
        size_t from = reader->at;
        whole = false;
        skip_digits(reader);
        if (reader->at == from) return wrong_at(reader, JSON_NUMBER, start);
    }
    if (take_byte(reader, "eE")) {
        whole = false;
        take_byte(reader, "+-");
        size_t from = reader->at;
        skip_digits(reader);
        if (reader->at == from) return wrong_at(reader, JSON_NUMBER, start);
    }
    size_t length = reader->at - start;
    if (reader->at < reader->length && reader->text[reader->at] >= '0' && reader->text[reader->at] <= '9')
        return wrong_at(reader, JSON_NUMBER, start); /* a leading zero */
    if (whole && reader->at - digits > 16) return wrong_at(reader, JSON_BIG_INTEGER, start);
    if (length >= sizeof text) return wrong_at(reader, JSON_NUMBER, start);
    memcpy(text, reader->text + start, length);
    text[length] = '\0';
    if (whole && llabs(atoll(text)) > 1LL << 53) return wrong_at(reader, JSON_BIG_INTEGER, start);
    if (!whole && isinf(strtod(text, NULL))) return wrong_at(reader, JSON_NUMBER, start);
    return true;
}

static bool read_word(struct reader *reader, const char *word) {
    size_t length = strlen(word);
    if (reader->length - reader->at < length || memcmp(reader->text + reader->at, word, length) != 0)
        return wrong(reader, JSON_SYNTAX);
    reader->at += length;
    return true;
}

static void skip_space(struct reader *reader) {
    while (reader->at < reader->length) {
        uint8_t byte = reader->text[reader->at];
        if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t') return;
        reader->at++;
    }
}

static bool open_level(struct reader *reader, bool is_object) {
    if (reader->depth >= reader->limits.depth_max) return wrong(reader, JSON_TOO_DEEP);
    reader->levels[reader->depth++] =
        (struct level){.is_object = is_object, .first_name = reader->names.length / sizeof(struct name)};
    reader->at++;
    return true;
}

/* Reads a plain value, or opens a container. */
static bool read_value(struct reader *reader, bool *ret_opened) {
    bool escaped;
    *ret_opened = false;
    if (++reader->values > reader->limits.values_max) return wrong(reader, JSON_TOO_MANY);
    if (reader->at >= reader->length) return wrong(reader, JSON_SYNTAX);
    switch (reader->text[reader->at]) {
    case '{':
    case '[':
        *ret_opened = true;
        return open_level(reader, reader->text[reader->at] == '{');
    case '"':
        return read_string(reader, &escaped);
    case 't':
        return read_word(reader, "true");
    case 'f':
        return read_word(reader, "false");
    case 'n':
        return read_word(reader, "null");
    case '-':
    case '0' ... '9':
        return read_number(reader);
    default:
        return wrong(reader, JSON_SYNTAX);
    }
}

/* Behind '{', '[' or ',': up to where a value stands. */
static bool read_label(struct reader *reader) {
    skip_space(reader);
    if (!reader->levels[reader->depth - 1].is_object) return true;
    if (reader->at >= reader->length || reader->text[reader->at] != '"') return wrong(reader, JSON_SYNTAX);
    if (!read_key(reader)) return false;
    skip_space(reader);
    if (!take_byte(reader, ":")) return wrong(reader, JSON_SYNTAX);
    skip_space(reader);
    return true;
}

/* Behind a value: closes what ends here. ret_more: a comma came, another value is due. */
static bool read_ends(struct reader *reader, bool *ret_more) {
    *ret_more = false;
    while (reader->depth > 0) {
        struct level *level = &reader->levels[reader->depth - 1];
        skip_space(reader);
        if (take_byte(reader, ",")) {
            level->index++;
            *ret_more = true;
            return true;
        }
        if (!take_byte(reader, level->is_object ? "}" : "]")) return wrong(reader, JSON_SYNTAX);
        if (level->is_object && !close_names(reader, level)) return false;
        reader->depth--;
    }
    return true;
}

static bool is_empty_container(struct reader *reader) {
    skip_space(reader);
    return reader->at < reader->length &&
           reader->text[reader->at] == (reader->levels[reader->depth - 1].is_object ? '}' : ']');
}

static bool read_all(struct reader *reader) {
    bool opened, more;
    skip_space(reader);
    if (reader->at >= reader->length) return wrong(reader, JSON_EMPTY);
    for (;;) {
        if (!read_value(reader, &opened)) return false;
        if (opened && !is_empty_container(reader)) {
            if (!read_label(reader)) return false;
            continue;
        }
        if (!read_ends(reader, &more)) return false;
        if (!more) break;
        if (!read_label(reader)) return false;
    }
    skip_space(reader);
    return reader->at == reader->length || wrong(reader, JSON_TRAILING);
}

enum err json_check(const void *text, size_t length, const struct json_limits *limits, struct json_fault *ret_fault) {
    struct reader reader = {.text = text, .length = length, .fault = ret_fault};
    if (limits != NULL) reader.limits = *limits;
    if (reader.limits.bytes_max == 0) reader.limits.bytes_max = BYTES_MAX;
    if (reader.limits.depth_max == 0) reader.limits.depth_max = DEPTH_USUAL;
    if (reader.limits.values_max == 0) reader.limits.values_max = VALUES_USUAL;
    must(reader.limits.depth_max <= DEPTH_MAX);
    if (length <= reader.limits.bytes_max) reader.utf8_length = utf8_span(text, length);
    bool fine = length <= reader.limits.bytes_max ? read_all(&reader)
                                                  : wrong_at(&reader, JSON_TOO_LARGE, reader.limits.bytes_max);
    buffer_done(&reader.names);
    buffer_done(&reader.decoded);
    return fine ? ERR_NONE : ERR_INVALID;
}
