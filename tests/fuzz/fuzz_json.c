/* libFuzzer target of the JSON walkers: the first byte chooses a struct or message, the rest is the text of an object. What is
 * taken must come out of writing and reading again as it was.
 *
 * clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I. tests/fuzz/fuzz_json.c \
 *     proto/json_*.c proto/rfc3339.c proto/table.c proto/utf8.c proto/words.c common/must.c -lcjson -o build/fuzz/fuzz_json
 * build/fuzz/fuzz_json -max_len=4096 -max_total_time=60 CORPUS-FOLDER */
#include "proto/json.h"
#include "proto/must.h"
#include "tests/unit/proto_fill.h"

#include <cjson/cJSON.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read_again(const struct type_info *type, const union any_struct *first) {
    static union any_struct back;
    static char text[1 << 20];
    size_t len;
    must(json_write_struct(type, first, text, sizeof text, &len) && strlen(text) == len);
    cJSON *tree = cJSON_ParseWithLength(text, len);
    must(tree && json_read_struct(type, tree, &back, NULL, 0) == 0);
    must(!differing_field(type, first, &back));
    cJSON_Delete(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static union any_struct to;
    struct misfit misfits[4];
    const struct type_info *type = size > 1 ? nth_type(data[0]) : NULL;
    cJSON *tree = type ? cJSON_ParseWithLength((const char *)data + 1, size - 1) : NULL;
    if (!tree) return 0;
    size_t count = json_read_struct(type, tree, &to, misfits, 4);
    if (count == 0) write_and_read_again(type, &to);
    for (size_t i = 0; i < count && i < 4; i++) {
        must(misfits[i].kind > MISFIT_NONE && misfits[i].kind < MISFIT_COUNT);
        must(strlen(misfits[i].pointer) < sizeof misfits[i].pointer);
    }
    cJSON_Delete(tree);
    return 0;
}
