/* The msgpack walkers on good bytes: the exact form by hand, by msgpack-c's own opinion, and round trips of every struct. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "tests/unit/proto_fill.h"

#include <msgpack.h>
#include <stdlib.h>

static uint8_t buf[MESSAGE_BYTES_MAX];

static void expect_bytes(const struct type_info *type, const void *from, const void *expected, size_t len) {
    size_t got;
    assert_int_equal(codec_encode(type, from, buf, sizeof buf, &got), CODEC_OK);
    assert_int_equal(got, len);
    assert_memory_equal(buf, expected, len);
}

/* ---- the form, by hand --------------------------------------------------------------------------------------------- */

static void an_empty_struct_is_an_empty_map(void **state) {
    struct ticket ticket = {0};
    expect_bytes(&type_ticket, &ticket, "\x80", 1);
}

static void a_clock_by_hand(void **state) {
    struct clock clock = {.stage = STAGE_SIGN,
                          .started = 1795224600000, /* 0x1a1fbb97dc0 */
                          .limit_unit = 2,
                          .limit_amount = -3,
                          .calendar = 300,
                          .paused = true,
                          .extended_ms = -40000};
    static const uint8_t bytes[] = {
        0x87,                                                       /* seven fields */
        1,    3,                                                    /* stage: sign */
        2,    0xcf, 0x00, 0x00, 0x01, 0xa1, 0xfb, 0xb9, 0x7d, 0xc0, /* started */
        7,    2,                                                    /* limit_unit */
        8,    0xfd,                                                 /* limit_amount */
        9,    0xcd, 0x01, 0x2c,                                     /* calendar */
        11,   0xc3,                                                 /* paused */
        12,   0xd2, 0xff, 0xff, 0x63, 0xc0,                         /* extended_ms */
    };
    expect_bytes(&type_clock, &clock, bytes, sizeof bytes);
}

static void lists_texts_and_bytes_by_hand(void **state) {
    struct command command = {.by.role = ROLE_OPERATOR,
                              .key = {(const uint8_t *)"\x00\xff", 2},
                              .units_count = 3,
                              .units = {7, 0, 200},
                              .reason = {"退单", 6},
                              .satisfied = true};
    static const uint8_t bytes[] = {
        0x85, 3,    0x81, 2,    1,                      /* by: role */
        4,    0xc4, 2,    0x00, 0xff,                   /* key */
        8,    0x93, 7,    0,    0xcc, 200,              /* units, a zero among them */
        9,    0xa6, 0xe9, 0x80, 0x80, 0xe5, 0x8d, 0x95, /* reason */
        20,   0xc3,                                     /* satisfied */
    };
    expect_bytes(&type_command, &command, bytes, sizeof bytes);
}

static void empty_items_of_a_list_keep_their_place(void **state) {
    struct route route = {.considered_count = 3, .considered[1].unit = 5};
    expect_bytes(&type_route, &route, "\x81\x09\x93\x80\x81\x01\x05\x80", 8);
}

static void empty_structs_and_stray_padding_are_not_written(void **state) {
    struct ticket ticket;
    memset(&ticket, 0xaa, sizeof ticket); /* what lies between the members too */
    for (const struct field_info *f = type_ticket.fields; f < type_ticket.fields + type_ticket.count; f++) {
        uint8_t *at = (uint8_t *)&ticket + f->offset;
        if (f->kind != FIELD_struct)
            memset(at, 0, f->max ? 2 : f->size);
        else
            for (unsigned i = 0; i < f->type->count; i++)
                memset(at + f->type->fields[i].offset, 0, f->type->fields[i].size);
    }
    expect_bytes(&type_ticket, &ticket, "\x80", 1);
}

/* Sixteen fields need a longer head, which is only known behind them. */
static void the_head_grows_with_the_fields(void **state) {
    struct effect effect = {0};
    for (unsigned i = 0; i < 16; i++) {
        const struct field_info *f = NULL;
        for (unsigned n = 0, seen = 0; n < type_effect.count && !f; n++) {
            const struct field_info *candidate = &type_effect.fields[n];
            bool number = !candidate->max && candidate->kind != FIELD_struct && candidate->kind != FIELD_text;
            if (number && seen++ == i) f = candidate;
        }
        assert_non_null(f);
        table_number_set((enum field_kind)f->kind, (uint8_t *)&effect + f->offset, 1);
        size_t len;
        assert_int_equal(codec_encode(&type_effect, &effect, buf, sizeof buf, &len), CODEC_OK);
        if (i < 15) {
            assert_int_equal(buf[0], 0x80 + i + 1);
        } else {
            assert_memory_equal(buf, "\xde\x00\x10\x01", 4);
        }
        struct effect back;
        assert_int_equal(codec_decode(&type_effect, buf, len, &back, NULL), CODEC_OK);
        assert_null(differing_field(&type_effect, &effect, &back));
    }
}

/* ---- numbers take the fewest bytes --------------------------------------------------------------------------------- */

static void numbers_take_the_fewest_bytes(void **state) {
    static const struct {
        int64_t value;
        size_t len;
        uint8_t bytes[9];
    } cases[] = {
        {1, 1, {0x01}},
        {127, 1, {0x7f}},
        {128, 2, {0xcc, 0x80}},
        {255, 2, {0xcc, 0xff}},
        {256, 3, {0xcd, 1, 0}},
        {65535, 3, {0xcd, 0xff, 0xff}},
        {65536, 5, {0xce, 0, 1, 0, 0}},
        {UINT32_MAX, 5, {0xce, 0xff, 0xff, 0xff, 0xff}},
        {UINT32_MAX + 1LL, 9, {0xcf, 0, 0, 0, 1, 0, 0, 0, 0}},
        {INT64_MAX, 9, {0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
        {-1, 1, {0xff}},
        {-32, 1, {0xe0}},
        {-33, 2, {0xd0, 0xdf}},
        {-128, 2, {0xd0, 0x80}},
        {-129, 3, {0xd1, 0xff, 0x7f}},
        {-32768, 3, {0xd1, 0x80, 0}},
        {-32769, 5, {0xd2, 0xff, 0xff, 0x7f, 0xff}},
        {INT32_MIN, 5, {0xd2, 0x80, 0, 0, 0}},
        {INT32_MIN - 1LL, 9, {0xd3, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}},
        {INT64_MIN, 9, {0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct clock clock = {.left_ms = cases[i].value}, back;
        uint8_t expected[11] = {0x81, 10};
        memcpy(expected + 2, cases[i].bytes, cases[i].len);
        expect_bytes(&type_clock, &clock, expected, cases[i].len + 2);
        assert_int_equal(codec_decode(&type_clock, buf, cases[i].len + 2, &back, NULL), CODEC_OK);
        assert_int_equal(back.left_ms, cases[i].value);
    }
}

/* Other writers of msgpack may spend more bytes; what they mean is the same. */
static void a_reader_takes_longer_forms(void **state) {
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"\x81\x09\x05", 3},
        {"\x81\x09\xcc\x05", 4},
        {"\x81\x09\xcd\x00\x05", 5},
        {"\x81\x09\xce\x00\x00\x00\x05", 7},
        {"\x81\x09\xcf\x00\x00\x00\x00\x00\x00\x00\x05", 11},
        {"\x81\x09\xd0\x05", 4},
        {"\x81\x09\xd3\x00\x00\x00\x00\x00\x00\x00\x05", 11},
        {"\xde\x00\x01\x09\x05", 5},
        {"\xdf\x00\x00\x00\x01\xcc\x09\x05", 8},
        {"\x83\x01\x00\x09\x05\x0b\xc2", 7}, /* zeros and false, written all the same */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct clock clock, expected = {.calendar = 5};
        assert_int_equal(codec_decode(&type_clock, (const uint8_t *)cases[i].bytes, cases[i].len, &clock, NULL),
                         CODEC_OK);
        assert_null(differing_field(&type_clock, &clock, &expected));
    }
}

static void a_reader_passes_over_tags_it_does_not_know(void **state) {
    static const struct {
        const char *value;
        size_t len;
    } cases[] = {
        {"\x05", 1},
        {"\xe0", 1},
        {"\xc0", 1},
        {"\xc2", 1},
        {"\xca\x01\x02\x03\x04", 5},
        {"\xcb\x01\x02\x03\x04\x05\x06\x07\x08", 9},
        {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9},
        {"\xd3\xff\xff\xff\xff\xff\xff\xff\xff", 9},
        {"\xa3xyz", 4},
        {"\xa1\xff", 2}, /* not UTF-8: none of our business */
        {"\xd9\x03xyz", 5},
        {"\xda\x00\x03xyz", 6},
        {"\xdb\x00\x00\x00\x03xyz", 8},
        {"\xc4\x02xy", 4},
        {"\xc5\x00\x02xy", 5},
        {"\xc6\x00\x00\x00\x02xy", 7},
        {"\xd4tx", 3},
        {"\xd5txx", 4},
        {"\xd6txxxx", 6},
        {"\xd7txxxxxxxx", 10},
        {"\xd8txxxxxxxxxxxxxxxx", 18},
        {"\xc7\x03txxx", 6},
        {"\xc8\x00\x03txxx", 7},
        {"\xc9\x00\x00\x00\x03txxx", 9},
        {"\x92\x01\x92\xc0\xa1x", 6},
        {"\x82\x01\x02\xa1k\x81\xcc\xff\x90", 9},
        {"\xdc\x00\x01\x01", 4},
        {"\xdd\x00\x00\x00\x01\x01", 6},
        {"\xde\x00\x01\x01\x01", 5},
        {"\xdf\x00\x00\x00\x01\x01\x01", 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rebuild back;
        size_t len = 0;
        memcpy(buf, "\x82\x01\x82\x02\x01\x64", len += 6); /* by: role, tag 100 */
        memcpy(buf + len, cases[i].value, cases[i].len);
        memcpy(buf + (len += cases[i].len), "\xcc\xc8\x07", 3); /* tag 200 */
        assert_int_equal(codec_decode(&type_rebuild, buf, len + 3, &back, NULL), CODEC_OK);
        assert_int_equal(back.by.role, ROLE_OPERATOR);
    }
}

/* ---- every struct, from a seed ------------------------------------------------------------------------------------- */

static void round_trips_of_every_struct(void **state) {
    static const unsigned densities[] = {3, 20, 50, 90, 100};
    static union any_struct from, to;
    const struct type_info *type;
    for (size_t n = 0; (type = nth_type(n)); n++)
        for (unsigned i = 0; i < 250; i++) {
            struct fill fill = {n * 1000 + i + 1, densities[i % 5]};
            size_t len;
            memset(&from, 0, sizeof from);
            fill_struct(&fill, type, &from);
            assert_int_equal(codec_encode(type, &from, buf, sizeof buf, &len), CODEC_OK);
            uint8_t *exact = malloc(len); /* so that the sanitizer sees a read behind the end */
            memcpy(exact, buf, len);
            memset(&to, 0xaa, sizeof to);
            struct codec_fault fault;
            if (codec_decode(type, exact, len, &to, &fault))
                fail_msg("%s, seed %u: %s at %u, %s", type->name, i, codec_error_text(fault.error), fault.offset,
                         fault.path);
            const char *differs = differing_field(type, &from, &to);
            if (differs) fail_msg("%s, seed %u: %s differs", type->name, i, differs);
            size_t again_len;
            assert_int_equal(codec_encode(type, &to, buf, len, &again_len), CODEC_OK);
            assert_int_equal(again_len, len);
            assert_memory_equal(buf, exact, len);
            free(exact);
        }
}

/* msgpack-c reads what we write, and writes it again as the very same bytes. */
static void msgpack_c_agrees(void **state) {
    static union any_struct from;
    const struct type_info *type;
    for (size_t n = 0; (type = nth_type(n)); n++)
        for (unsigned i = 0; i < 20; i++) {
            struct fill fill = {n * 100 + i + 7, 10 + 4 * i};
            size_t len, used = 0;
            memset(&from, 0, sizeof from);
            fill_struct(&fill, type, &from);
            assert_int_equal(codec_encode(type, &from, buf, sizeof buf, &len), CODEC_OK);
            msgpack_unpacked unpacked;
            msgpack_sbuffer again;
            msgpack_packer packer;
            msgpack_unpacked_init(&unpacked);
            msgpack_sbuffer_init(&again);
            msgpack_packer_init(&packer, &again, msgpack_sbuffer_write);
            assert_int_equal(msgpack_unpack_next(&unpacked, (const char *)buf, len, &used), MSGPACK_UNPACK_SUCCESS);
            assert_int_equal(used, len);
            assert_int_equal(msgpack_pack_object(&packer, unpacked.data), 0);
            assert_int_equal(again.size, len);
            assert_memory_equal(again.data, buf, len);
            msgpack_sbuffer_destroy(&again);
            msgpack_unpacked_destroy(&unpacked);
        }
}

static void a_buffer_too_small_is_never_overrun(void **state) {
    static union any_struct from;
    const struct type_info *type;
    for (size_t n = 0; (type = nth_type(n)); n++) {
        struct fill fill = {n + 99, 60};
        size_t len, written = 4711;
        memset(&from, 0, sizeof from);
        fill_struct(&fill, type, &from);
        assert_int_equal(codec_encode(type, &from, buf, sizeof buf, &len), CODEC_OK);
        for (size_t cap = 0; cap < len; cap += 1 + len / 500) {
            uint8_t *small = malloc(cap ? cap : 1);
            assert_int_equal(codec_encode(type, &from, small, cap, &written), CODEC_FULL);
            assert_int_equal(written, 4711);
            free(small);
        }
        uint8_t *exact = malloc(len);
        assert_int_equal(codec_encode(type, &from, exact, len, &written), CODEC_OK);
        free(exact);
    }
}

static void nothing_longer_than_a_message_is_written(void **state) {
    static char text[MESSAGE_BYTES_MAX];
    static uint8_t large[2 * MESSAGE_BYTES_MAX];
    memset(text, 'x', sizeof text);
    size_t len;
    struct effect effect = {
        .note = {text, MESSAGE_BYTES_MAX - 5}}; /* one for the map, one for the tag, three for the length */
    assert_int_equal(codec_encode(&type_effect, &effect, large, sizeof large, &len), CODEC_OK);
    assert_int_equal(len, MESSAGE_BYTES_MAX);
    effect.note.len++;
    assert_int_equal(codec_encode(&type_effect, &effect, large, sizeof large, &len), CODEC_FULL);
}

/* ---- messages ------------------------------------------------------------------------------------------------------ */

static void round_trips_of_every_message(void **state) {
    static struct message back;
    static union any_struct body;
    size_t count;
    const struct message_info *messages = table_messages(&count);
    for (size_t i = 0; i < count; i++)
        for (unsigned seed = 1; seed < 20; seed++) {
            struct fill fill = {i * 50 + seed, 5 * seed};
            struct envelope envelope = {.protocol = 77, .type = 78}; /* not the caller's business */
            size_t len;
            envelope.id = (int64_t)fill_random(&fill);
            envelope.trace = (struct text){"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 55};
            memset(&body, 0, sizeof body);
            fill_struct(&fill, messages[i].type, &body);
            assert_int_equal(
                message_encode((enum message_type)messages[i].number, &envelope, &body, buf, sizeof buf, &len),
                CODEC_OK);
            assert_int_equal(message_decode(buf, len, &back, NULL), CODEC_OK);
            assert_ptr_equal(back.info, &messages[i]);
            assert_int_equal(back.envelope.protocol, PROTOCOL_VERSION);
            assert_int_equal(back.envelope.type, messages[i].number);
            assert_true(back.envelope.id == envelope.id);
            assert_int_equal(back.envelope.trace.len, 55);
            assert_null(differing_field(messages[i].type, &body, &back.request_new));
        }
}

static void a_message_by_hand(void **state) {
    struct envelope envelope = {.id = 9, .shard = 1};
    struct timer_due due = {.ticket = 5, .generation = 2, .due = 300};
    static const uint8_t bytes[] = {0x84, 1, 1, 2, 5, 3, 9, 5, 1, 0x83, 1, 5, 2, 2, 3, 0xcd, 1, 44};
    size_t len;
    assert_int_equal(message_encode(MESSAGE_timer_due, &envelope, &due, buf, sizeof buf, &len), CODEC_OK);
    assert_int_equal(len, sizeof bytes);
    assert_memory_equal(buf, bytes, len);
    assert_int_equal(message_encode(MESSAGE_timer_due, &envelope, &due, buf, sizeof bytes - 1, &len), CODEC_FULL);
    assert_int_equal(message_encode(MESSAGE_timer_due, &envelope, &due, buf, 4, &len), CODEC_FULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_struct_is_an_empty_map),
        cmocka_unit_test(a_clock_by_hand),
        cmocka_unit_test(lists_texts_and_bytes_by_hand),
        cmocka_unit_test(empty_items_of_a_list_keep_their_place),
        cmocka_unit_test(empty_structs_and_stray_padding_are_not_written),
        cmocka_unit_test(the_head_grows_with_the_fields),
        cmocka_unit_test(numbers_take_the_fewest_bytes),
        cmocka_unit_test(a_reader_takes_longer_forms),
        cmocka_unit_test(a_reader_passes_over_tags_it_does_not_know),
        cmocka_unit_test(round_trips_of_every_struct),
        cmocka_unit_test(msgpack_c_agrees),
        cmocka_unit_test(a_buffer_too_small_is_never_overrun),
        cmocka_unit_test(nothing_longer_than_a_message_is_written),
        cmocka_unit_test(round_trips_of_every_message),
        cmocka_unit_test(a_message_by_hand),
    };
    return cmocka_run_group_tests_name("proto codec", tests, NULL, NULL);
}
