/* Golden bytes: tests/golden/NAME.hex holds one example of every struct and message as it is stored and sent, a field a line, with
 * its JSON beside it. Such bytes lie in PostgreSQL for ever, so they must always be read, and mean and give the same again.
 * A new field is missing in its example: run this test with GOLDEN=write, which adds it and changes nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "proto/json.h"
#include "tests/unit/proto_fill.h"

#include <ctype.h>
#include <stdlib.h>

enum { FILE_MAX = 65536 };

/* What one file is about: a struct by itself, or a message behind its envelope. */
struct example {
    const struct type_info *type;
    const struct message_info *message; /* NULL: a struct */
    struct envelope envelope;
    union any_struct body;
};

static struct example example;
static char text[FILE_MAX], rendered[FILE_MAX];
static uint8_t bytes[MESSAGE_BYTES_MAX];
static size_t bytes_len;

/* ---- an example value for a field, from its tag: never to be changed, nor to depend on other fields ------------------ */

static void set_example(const struct type_info *type, const struct field_info *f, uint8_t *to);

static void set_value(const struct field_info *f, uint8_t *to, int number) {
    switch (f->kind) {
    case FIELD_u8:
        *to = (uint8_t)number;
        break;
    case FIELD_word:
        *to = (uint8_t)(1 + number % 2);
        break;
    case FIELD_flag:
        *(bool *)to = true;
        break;
    case FIELD_u16:
        *(uint16_t *)(void *)to = (uint16_t)(100 * number);
        break;
    case FIELD_u32:
        *(uint32_t *)(void *)to = (uint32_t)(10000 * number);
        break;
    case FIELD_i32:
        *(int32_t *)(void *)to = -50 * number;
        break;
    case FIELD_i64:
        *(int64_t *)(void *)to = 20261121010000000 + number;
        break;
    case FIELD_time:
        *(int64_t *)(void *)to = 1795224600000 + 60000 * number;
        break;
    case FIELD_text:
        *(struct text *)(void *)to = (struct text){"件件有回音\n\"事事有着落\"", 33};
        break;
    case FIELD_bytes:
        *(struct bytes *)(void *)to = (struct bytes){(const uint8_t *)"\x00\x01\xfe\xff", 4};
        break;
    default:
        for (unsigned i = 0; i < f->type->count; i++) set_example(f->type, &f->type->fields[i], to);
    }
}

static void set_example(const struct type_info *type, const struct field_info *f, uint8_t *to) {
    uint8_t *at = to + f->offset;
    if (!f->max) {
        set_value(f, at, f->tag);
        return;
    }
    *(uint16_t *)(void *)at = f->kind == FIELD_struct ? 1 : 2;
    for (int i = 0; i < *(uint16_t *)(void *)at; i++) set_value(f, at + f->items + i * f->size, f->tag + i);
}

static bool is_there(const struct field_info *f, const uint8_t *of) {
    static const union any_struct nothing;
    const uint8_t *at = of + f->offset;
    return f->max ? *(const uint16_t *)(const void *)at > 0 : !same_value(f, at, (const uint8_t *)&nothing);
}

/* ---- the file ------------------------------------------------------------------------------------------------------ */

static void add_hex(const uint8_t *from, size_t len, size_t *at) {
    for (size_t i = 0; i < len; i++)
        *at += (size_t)snprintf(rendered + *at, FILE_MAX - *at, "%s%02x", i ? " " : "", from[i]);
}

static void add_json(const struct type_info *type, const void *from, size_t *at) {
    static char json[FILE_MAX];
    size_t len;
    assert_true(json_write_struct(type, from, json, sizeof json, &len));
    *at += (size_t)snprintf(rendered + *at, FILE_MAX - *at, "  # %s\n", json);
}

/* The body's head and then, one a line, what each field adds; all lines together are the body's bytes. */
static void add_body(size_t *at) {
    static uint8_t whole[MESSAGE_BYTES_MAX], part[MESSAGE_BYTES_MAX];
    static union any_struct one;
    size_t whole_len, part_len;
    assert_int_equal(codec_encode(example.type, &example.body, whole, sizeof whole, &whole_len), CODEC_OK);
    size_t done = whole[0] == 0xde ? 3 : 1;
    add_hex(whole, done, at);
    *at += (size_t)snprintf(rendered + *at, FILE_MAX - *at, "\n");
    for (const struct field_info *f = example.type->fields; f < example.type->fields + example.type->count; f++) {
        if (!is_there(f, (uint8_t *)&example.body)) continue;
        memset(&one, 0, sizeof one);
        memcpy((uint8_t *)&one + f->offset, (uint8_t *)&example.body + f->offset,
               f->max ? f->items + (size_t)f->max * f->size : f->size);
        assert_int_equal(codec_encode(example.type, &one, part, sizeof part, &part_len), CODEC_OK);
        assert_memory_equal(whole + done, part + 1, part_len - 1);
        add_hex(part + 1, part_len - 1, at);
        add_json(example.type, &one, at);
        done += part_len - 1;
    }
    assert_int_equal(done, whole_len);
}

static void render(void) {
    size_t at = (size_t)snprintf(rendered, FILE_MAX, "# %s %s; see tests/unit/test_proto_golden.c\n",
                                 example.message ? "message" : "struct", example.type->name);
    if (example.message) {
        uint8_t head[512]; /* not `bytes`: the texts of the body point there */
        size_t len;
        assert_int_equal(codec_encode(&type_envelope, &example.envelope, head, sizeof head, &len), CODEC_OK);
        add_hex(head, len, &at);
        add_json(&type_envelope, &example.envelope, &at);
    }
    add_body(&at);
    assert_true(at < FILE_MAX);
}

static const char *path_of(void) {
    static char path[128];
    snprintf(path, sizeof path, "tests/golden/%s%s.hex", example.message ? "message_" : "", example.type->name);
    return path;
}

/* Text and bytes of the file; false when there is none. */
static bool read_file(void) {
    FILE *file = fopen(path_of(), "r");
    if (!file) return false;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = 0;
    bytes_len = 0;
    for (const char *at = text; *at;) {
        if (*at == '#') at += strcspn(at, "\n");
        if (isxdigit((unsigned char)at[0]) && isxdigit((unsigned char)at[1])) {
            bytes[bytes_len++] = (uint8_t)strtoul((char[]){at[0], at[1], 0}, NULL, 16);
            at++;
        }
        if (*at) at++;
    }
    return true;
}

static void read_example(void) {
    static struct message message;
    struct codec_fault fault;
    enum codec_error error = example.message ? message_decode(bytes, bytes_len, &message, &fault)
                                             : codec_decode(example.type, bytes, bytes_len, &example.body, &fault);
    if (error)
        fail_msg("%s is not understood any more: %s at %u, %s", path_of(), codec_error_text(error), fault.offset,
                 fault.path);
    if (!example.message) return;
    assert_ptr_equal(message.info, example.message);
    example.envelope = message.envelope;
    memcpy(&example.body, &message.request_new, example.type->size);
}

/* Returns a field that the example lacks, or NULL. */
static const char *lacks(bool add) {
    const char *lacking = NULL;
    for (const struct field_info *f = example.type->fields; f < example.type->fields + example.type->count; f++) {
        if (is_there(f, (uint8_t *)&example.body)) continue;
        lacking = f->name;
        if (add) set_example(example.type, f, (uint8_t *)&example.body);
    }
    return lacking;
}

static void write_file(void) {
    FILE *file = fopen(path_of(), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(rendered, 1, strlen(rendered), file), strlen(rendered));
    assert_int_equal(fclose(file), 0);
}

static void check_example(void) {
    const char *mode = getenv("GOLDEN");
    bool write = mode && strcmp(mode, "write") == 0, there = read_file();
    if (there)
        read_example();
    else if (!write)
        fail_msg("%s is missing: run this test with GOLDEN=write", path_of());
    const char *lacking = lacks(write);
    if (lacking && !write) fail_msg("%s lacks %s: run this test with GOLDEN=write", path_of(), lacking);
    if (example.message && !there)
        example.envelope = (struct envelope){.protocol = PROTOCOL_VERSION,
                                             .type = (uint8_t)example.message->number,
                                             .id = 4711,
                                             .sent_at = 1795224600017,
                                             .shard = 1};
    render();
    if (write)
        write_file();
    else
        assert_string_equal(text, rendered);
}

static void structs_are_stored_as_ever(void **state) {
    size_t count;
    const struct type_info *const *structs = table_structs(&count);
    for (size_t i = 0; i < count; i++) {
        memset(&example, 0, sizeof example);
        example.type = structs[i];
        check_example();
    }
}

static void messages_are_sent_as_ever(void **state) {
    size_t count;
    const struct message_info *messages = table_messages(&count);
    for (size_t i = 0; i < count; i++) {
        memset(&example, 0, sizeof example);
        example.type = messages[i].type;
        example.message = &messages[i];
        check_example();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structs_are_stored_as_ever),
        cmocka_unit_test(messages_are_sent_as_ever),
    };
    return cmocka_run_group_tests_name("proto golden", tests, NULL, NULL);
}
