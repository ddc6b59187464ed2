/* libFuzzer target of what reads people's text: CSV, times, numbers, normal forms, search terms, masks. What is accepted must be
 * valid, and reading what was written gives the same again.
 *
 * clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I. tests/fuzz/fuzz_text.c \
 *     common/{csv,clock,number,text,text_search,text_mask,arena,buffer,err,must}.c -lutf8proc -o build/fuzz/fuzz_text
 * build/fuzz/fuzz_text -max_len=600 -max_total_time=60 CORPUS-FOLDER */
#include "common/arena.h"
#include "common/clock.h"
#include "common/csv.h"
#include "common/number.h"
#include "common/text.h"
#include "proto/must.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_csv(const char *text, size_t len) {
    struct csv csv;
    struct csv_row row;
    csv_init(&csv, text, len);
    while (!csv_next(&csv, &row))
        for (size_t i = 0; i < row.count; i++) must(text_is_valid(row.fields[i].at, row.fields[i].len));
    csv_done(&csv);
}

static void read_values(const char *text, size_t len) {
    time_ms time, again;
    int64_t number, same;
    char written[CLOCK_TEXT_BYTES];
    if (!clock_parse(text, len, &time)) {
        size_t written_len = clock_format(time, written);
        must(!clock_parse(written, written_len, &again) && again == time);
    }
    if (!number_parse_request(text, len, &number)) {
        size_t written_len = number_format_request(number, written);
        must(!number_parse_request(written, written_len, &same) && same == number);
    }
    if (!number_parse_ticket(text, len, &number)) number_format_ticket(number, written);
    (void)!number_parse_int(text, len, &number);
}

static void make_forms(struct arena *arena, const char *text, size_t len) {
    struct span made, again, *terms;
    size_t count;
    enum err err = text_nfc(arena, text, len, &made);
    must((err == ERR_INVALID) == !text_is_valid(text, len));
    if (!err && !text_nfc(arena, made.at, made.len, &again))
        must(again.len == made.len && !memcmp(again.at, made.at, made.len));
    if (!text_fold(arena, text, len, &made)) must(text_is_valid(made.at, made.len));
    if (!text_terms(arena, text, len, 1000, &terms, &count))
        for (size_t i = 0; i < count; i++) must(terms[i].len > 0 && text_is_valid(terms[i].at, terms[i].len));
}

static void mask_and_escape(const char *text, size_t len) {
    char masked[TEXT_MASK_BYTES], escaped[64];
    text_mask_phone(text, len, masked);
    must(text_is_valid(masked, strlen(masked)));
    text_mask_document(text, len, masked);
    must(text_is_valid(masked, strlen(masked)));
    text_mask_name(text, len, masked);
    if (!text_is_valid(text, len)) return;
    must(text_is_valid(masked, strlen(masked)));
    text_json_escape(text, len, escaped, sizeof escaped);
    must(text_is_valid(escaped, strlen(escaped)));
    must(text_trim(text, len).len <= len && text_cut(text, len, 3) <= len && text_length(text, len) <= len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    arena_init(&arena, 4096, 4 << 20);
    read_csv((const char *)data, size);
    read_values((const char *)data, size);
    make_forms(&arena, (const char *)data, size);
    mask_and_escape((const char *)data, size);
    arena_done(&arena);
    return 0;
}
