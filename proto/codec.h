/* Structs and messages of proto/messages.def as msgpack: one ordinary walker each way over the tables of table.h. No
 * allocation, no copy of text. Not for JSON (json.h), nor for msgpack of other shapes.
 *
 * A struct is a map from tag to value, tags ascending; a field that is zero or empty is not written; numbers take the fewest
 * bytes. So equal structs give equal bytes, and bytes may be compared, hashed and stored. Numbers, times and words are
 * integers, flags are true, text is str, bytes are bin, lists are arrays.
 * A reader believes nothing before it is checked and skips tags it does not know, so a new field needs no new version. */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

#include "proto/table.h"

#define CODEC_ERRORS(E)                                                                                                \
    E(CODEC_FULL, "full", "the buffer is too small")                                                                   \
    E(CODEC_LARGE, "large", "more bytes than MESSAGE_BYTES_MAX")                                                       \
    E(CODEC_SHORT, "short", "the bytes end inside a value")                                                            \
    E(CODEC_TRAILING, "trailing", "bytes are left behind the last value")                                              \
    E(CODEC_LENGTH, "length", "a length announces more than there are bytes")                                          \
    E(CODEC_KIND, "kind", "a value of another kind than the field's")                                                  \
    E(CODEC_RANGE, "range", "a number the field cannot hold")                                                          \
    E(CODEC_WORD, "word", "a word that is not in the vocabulary")                                                      \
    E(CODEC_LIST, "list", "a list longer than the field can hold")                                                     \
    E(CODEC_TEXT, "text", "text that is not UTF-8, or holds a NUL")                                                    \
    E(CODEC_TAG, "tag", "a tag that is no number from 1, or not greater than the one before")                          \
    E(CODEC_DEPTH, "depth", "nested deeper than MESSAGE_DEPTH_MAX")                                                    \
    E(CODEC_BYTE, "byte", "a byte that msgpack does not use")                                                          \
    E(CODEC_PROTOCOL, "protocol", "another protocol version")                                                          \
    E(CODEC_TYPE, "type", "a message type that does not exist")

#define CODEC_ERROR_ITEM(name, text, doc) name,
enum codec_error { CODEC_OK, CODEC_ERRORS(CODEC_ERROR_ITEM) CODEC_ERROR_COUNT };

enum { CODEC_PATH_MAX = 96 };

/* Where decoding stopped and why. */
struct codec_fault {
    enum codec_error error;
    uint32_t offset;           /* of the first byte of the value that was not taken */
    char path[CODEC_PATH_MAX]; /* "effect.clocks[3].clock.stage"; "" is the whole; the front is cut when too long */
};

/* A message taken apart. */
struct message {
    struct envelope envelope;
    const struct message_info *info; /* which member of the union holds; NULL: none */
    union {
#define CODEC_MESSAGE_MEMBER(number, name, fields, from, to, doc) struct name name;
        MESSAGES(CODEC_MESSAGE_MEMBER)
    };
};

#define CODEC_MUST_USE __attribute__((warn_unused_result))

/* Writes the struct (of the C type the table describes) into buf; *ret_len is untouched on failure. CODEC_FULL is the only
 * failure. must: words are in the vocabulary, counts within the lists. Text is not checked: whoever put it there did. */
CODEC_MUST_USE enum codec_error codec_encode(const struct type_info *type, const void *from, uint8_t *buf, size_t cap,
                                             size_t *ret_len);

/* Reads one struct from exactly len bytes. ret_struct is wholly overwritten; after a failure it is all zero. Text and bytes
 * point into buf. ret_fault may be NULL, and is untouched on success. */
CODEC_MUST_USE enum codec_error codec_decode(const struct type_info *type, const uint8_t *buf, size_t len,
                                             void *ret_struct, struct codec_fault *ret_fault);

/* The same for a struct at the front of the bytes; *ret_used says how many it took. */
CODEC_MUST_USE enum codec_error codec_decode_front(const struct type_info *type, const uint8_t *buf, size_t len,
                                                   void *ret_struct, size_t *ret_used, struct codec_fault *ret_fault);

/* Envelope and body in one frame. The envelope's protocol and type are set here, whatever the caller's say. */
CODEC_MUST_USE enum codec_error message_encode(enum message_type type, const struct envelope *envelope,
                                               const void *body, uint8_t *buf, size_t cap, size_t *ret_len);

/* After a failure info is NULL and the body means nothing; the envelope is all zero, or whole when only the body was bad, so
 * that the sender can be answered. */
CODEC_MUST_USE enum codec_error message_decode(const uint8_t *buf, size_t len, struct message *ret_message,
                                               struct codec_fault *ret_fault);

/* "length": for logs and metrics; and the sentence. Never NULL. */
const char *codec_error_text(enum codec_error error);
const char *codec_error_doc(enum codec_error error);

#endif
