/* libFuzzer target of the msgpack reader: the first byte chooses a struct or message, the rest is its bytes. What is taken must
 * come out of writing and reading again as it was, in bytes and field by field; what is refused must leave nothing behind.
 *
 * clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I. tests/fuzz/fuzz_codec.c \
 *     proto/codec_*.c proto/table.c proto/utf8.c proto/words.c common/must.c -o build/fuzz/fuzz_codec
 * build/fuzz/fuzz_codec -max_len=4096 -max_total_time=60 CORPUS-FOLDER */
#include "proto/codec.h"
#include "proto/must.h"
#include "tests/unit/proto_fill.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t again[MESSAGE_BYTES_MAX], twice[MESSAGE_BYTES_MAX];

static void try_struct(const struct type_info *type, const uint8_t *data, size_t size) {
    static union any_struct to, back;
    struct codec_fault fault = {0};
    size_t len, twice_len;
    if (codec_decode(type, data, size, &to, &fault)) {
        must(fault.error && fault.offset <= size && strlen(fault.path) < sizeof fault.path);
        for (size_t i = 0; i < type->size; i++) must(((const uint8_t *)&to)[i] == 0);
        return;
    }
    must(codec_encode(type, &to, again, sizeof again, &len) == CODEC_OK && len <= size);
    must(codec_decode(type, again, len, &back, NULL) == CODEC_OK);
    must(!differing_field(type, &to, &back));
    must(codec_encode(type, &back, twice, sizeof twice, &twice_len) == CODEC_OK);
    must(twice_len == len && memcmp(again, twice, len) == 0);
}

static void try_message(const uint8_t *data, size_t size) {
    static struct message message;
    size_t len;
    if (message_decode(data, size, &message, NULL)) {
        must(!message.info);
        return;
    }
    must(message_encode((enum message_type)message.info->number, &message.envelope, &message.request_new, again,
                        sizeof again, &len) == CODEC_OK);
    must(len <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const struct type_info *type = nth_type(data[0]);
    if (type)
        try_struct(type, data + 1, size - 1);
    else
        try_message(data + 1, size - 1);
    return 0;
}
