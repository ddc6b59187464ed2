/* The msgpack reader on bad bytes: it says what is wrong where, believes no length, and leaves nothing half read behind. All of it
 * on buffers of exact size under the sanitizers, so a read behind the end would end the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "tests/unit/proto_fill.h"

#include <stdlib.h>

static union any_struct target;

static void expect_all_zero(const struct type_info *type) {
    for (size_t i = 0; i < type->size; i++) assert_int_equal(((uint8_t *)&target)[i], 0);
}

/* Decodes from a copy of exact size into a target full of rubbish. */
static enum codec_error decode(const struct type_info *type, const void *bytes, size_t len, struct codec_fault *fault) {
    uint8_t *exact = malloc(len ? len : 1);
    if (len) memcpy(exact, bytes, len);
    memset(&target, 0xaa, sizeof target);
    enum codec_error error = codec_decode(type, exact, len, &target, fault);
    if (error) expect_all_zero(type);
    free(exact);
    return error;
}

struct bad {
    const struct type_info *type;
    const char *bytes;
    size_t len;
    enum codec_error error;
    unsigned offset;
    const char *path;
};
#define BYTES(literal) literal, sizeof literal - 1

static void expect_faults(const struct bad *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct codec_fault fault = {0};
        enum codec_error error = decode(cases[i].type, cases[i].bytes, cases[i].len, &fault);
        if (error != cases[i].error || fault.error != error || fault.offset != cases[i].offset ||
            strcmp(fault.path, cases[i].path) != 0)
            fail_msg("case %zu: %s at %u, \"%s\"; expected %s at %u, \"%s\"", i, codec_error_text(error), fault.offset,
                     fault.path, codec_error_text(cases[i].error), cases[i].offset, cases[i].path);
    }
}
#define EXPECT_FAULTS(cases) expect_faults(cases, sizeof cases / sizeof cases[0])

static void lengths_that_lie(void **state) {
    static const struct bad cases[] = {
        {&type_ticket, BYTES(""), CODEC_SHORT, 0, ""},
        {&type_ticket, BYTES("\xdd\xff\xff\xff\xff"), CODEC_LENGTH, 0, ""},
        {&type_ticket, BYTES("\xdf\xff\xff\xff\xff"), CODEC_LENGTH, 0, ""},
        {&type_ticket, BYTES("\xde\xff\xff\x01\x01"), CODEC_LENGTH, 0, ""},
        {&type_ticket, BYTES("\x81"), CODEC_LENGTH, 0, ""},
        {&type_ticket, BYTES("\x82\x01\x01\x02"), CODEC_LENGTH, 0, ""},
        {&type_ticket, BYTES("\xdf\x00\x00\x00"), CODEC_SHORT, 0, ""},
        {&type_ticket, BYTES("\x81\x01\xcf\x00\x00"), CODEC_SHORT, 2, "id"},
        {&type_ticket, BYTES("\x81\x16\xdd\xff\xff\xff\xff"), CODEC_LENGTH, 2, "assignments"},
        {&type_ticket, BYTES("\x81\x16\xdc\x00\x09\x80\x80\x80\x80\x80\x80\x80\x80\x80"), CODEC_LIST, 2, "assignments"},
        {&type_ticket, BYTES("\x81\x64\xdd\xff\xff\xff\xff"), CODEC_LENGTH, 2, "#100"},
        {&type_ticket, BYTES("\x81\x64\xdb\xff\xff\xff\xff"), CODEC_LENGTH, 2, "#100"},
        {&type_ticket, BYTES("\x81\x64\xc6\x7f\xff\xff\xff"), CODEC_LENGTH, 2, "#100"},
        {&type_ticket, BYTES("\x81\x64\xc9\xff\xff\xff\xff"), CODEC_LENGTH, 2, "#100"},
        {&type_ticket, BYTES("\x81\x64\xd8xxxx"), CODEC_LENGTH, 2, "#100"},
        {&type_ticket, BYTES("\x81\x64\xcb\x00"), CODEC_LENGTH, 2, "#100"},
        {&type_effect, BYTES("\x81\x0a\xdb\xff\xff\xff\xff\x61"), CODEC_LENGTH, 2, "reason"},
        {&type_effect, BYTES("\x81\x0a\xa3\x61\x61"), CODEC_LENGTH, 2, "reason"},
        {&type_command, BYTES("\x81\x04\xc6\xff\xff\xff\xff\x61"), CODEC_LENGTH, 2, "key"},
    };
    EXPECT_FAULTS(cases);
}

static void tags_that_are_none(void **state) {
    static const struct bad cases[] = {
        {&type_clock, BYTES("\x81\x00\x01"), CODEC_TAG, 1, ""},
        {&type_clock, BYTES("\x82\x03\x01\x02\x01"), CODEC_TAG, 3, ""},     /* descending */
        {&type_clock, BYTES("\x82\x03\x01\x03\x01"), CODEC_TAG, 3, ""},     /* twice */
        {&type_clock, BYTES("\x82\x64\x01\x64\x01"), CODEC_TAG, 3, ""},     /* an unknown one twice */
        {&type_clock, BYTES("\x81\xff\x01"), CODEC_TAG, 1, ""},             /* negative */
        {&type_clock, BYTES("\x81\xa5stage\x01"), CODEC_TAG, 1, ""},        /* a name */
        {&type_clock, BYTES("\x81\xc0\x01"), CODEC_TAG, 1, ""},             /* nil */
        {&type_clock, BYTES("\x81\x81\x01\x01\x01"), CODEC_TAG, 1, ""},     /* a map */
        {&type_clock, BYTES("\x82\x64\x01\xcc\x05\x01"), CODEC_TAG, 3, ""}, /* descending behind an unknown one */
        {&type_clock, BYTES("\x81\x0a\xc1"), CODEC_BYTE, 2, "left_ms"},     /* a byte that msgpack does not use */
        {&type_clock, BYTES("\x81\x64\xc1"), CODEC_BYTE, 2, "#100"},
        {&type_clock, BYTES("\xc1"), CODEC_BYTE, 0, ""},
    };
    EXPECT_FAULTS(cases);
}

static void values_of_another_kind(void **state) {
    static const struct bad cases[] = {
        {&type_ticket, BYTES("\x90"), CODEC_KIND, 0, ""},
        {&type_ticket, BYTES("\xc0"), CODEC_KIND, 0, ""},
        {&type_ticket, BYTES("\x81\x01\xa1x"), CODEC_KIND, 2, "id"},
        {&type_ticket, BYTES("\x81\x01\xc0"), CODEC_KIND, 2, "id"},
        {&type_ticket, BYTES("\x81\x01\xcb\x00\x00\x00\x00\x00\x00\x00\x00"), CODEC_KIND, 2, "id"},
        {&type_ticket, BYTES("\x81\x0d\x01"), CODEC_KIND, 2, "confidential"},
        {&type_ticket, BYTES("\x81\x0d\xc0"), CODEC_KIND, 2, "confidential"},
        {&type_ticket, BYTES("\x81\x13\x90"), CODEC_KIND, 2, "clock"},
        {&type_ticket, BYTES("\x81\x16\x80"), CODEC_KIND, 2, "assignments"},
        {&type_ticket, BYTES("\x81\x16\x91\x90"), CODEC_KIND, 3, "assignments[0]"},
        {&type_effect, BYTES("\x81\x0a\xc4\x01x"), CODEC_KIND, 2, "reason"},
        {&type_command, BYTES("\x81\x04\xa1x"), CODEC_KIND, 2, "key"},
        {&type_ticket, BYTES("\x81\x04\xc3"), CODEC_KIND, 2, "state"},
    };
    EXPECT_FAULTS(cases);
}

static void numbers_and_words_out_of_range(void **state) {
    static const struct bad cases[] = {
        {&type_clock, BYTES("\x81\x07\xcd\x01\x00"), CODEC_RANGE, 2, "limit_unit"},       /* u8 256 */
        {&type_clock, BYTES("\x81\x07\xff"), CODEC_RANGE, 2, "limit_unit"},               /* u8 -1 */
        {&type_clock, BYTES("\x81\x09\xce\x00\x01\x00\x00"), CODEC_RANGE, 2, "calendar"}, /* u16 */
        {&type_clock, BYTES("\x81\x08\xce\x80\x00\x00\x00"), CODEC_RANGE, 2, "limit_amount"},
        {&type_clock, BYTES("\x81\x08\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"), CODEC_RANGE, 2, "limit_amount"},
        {&type_clock, BYTES("\x81\x07\xd1\x01\x2c"), CODEC_RANGE, 2, "limit_unit"}, /* u8 300, from a signed form */
        {&type_ticket, BYTES("\x81\x03\xcf\x00\x00\x00\x01\x00\x00\x00\x00"), CODEC_RANGE, 2, "version"},
        {&type_ticket, BYTES("\x81\x01\xcf\x80\x00\x00\x00\x00\x00\x00\x00"), CODEC_RANGE, 2, "id"},
        {&type_ticket, BYTES("\x81\x01\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), CODEC_RANGE, 2, "id"},
        {&type_route, BYTES("\x81\x07\x92\x01\xff"), CODEC_RANGE, 4, "chain[1]"},
        {&type_ticket, BYTES("\x81\x04\x7f"), CODEC_WORD, 2, "state"},
        {&type_ticket, BYTES("\x81\x04\xff"), CODEC_WORD, 2, "state"},
        {&type_effect, BYTES("\x81\x13\x94\x80\x80\x80\x81\x02\x81\x01\x63"), CODEC_WORD, 10, "clocks[3].clock.stage"},
        {&type_event, BYTES("\x81\x0c\x81\x13\x91\x81\x02\x81\x06\xcc\xff"), CODEC_WORD, 9,
         "effect.clocks[0].clock.rung"},
    };
    EXPECT_FAULTS(cases);
}

static void text_that_is_none(void **state) {
    static const struct bad cases[] = {
        {&type_effect, BYTES("\x81\x0a\xa1\x00"), CODEC_TEXT, 3, "reason"},
        {&type_effect,
         BYTES("\x81\x0a\xa3"
               "a\x00z"),
         CODEC_TEXT, 4, "reason"},
        {&type_effect,
         BYTES("\x81\x0a\xa9"
               "12345678\x00"),
         CODEC_TEXT, 11, "reason"},
        {&type_effect,
         BYTES("\x81\x0a\xa9"
               "1234567\x00z"),
         CODEC_TEXT, 10, "reason"},
        {&type_effect, BYTES("\x81\x0a\xa1\xff"), CODEC_TEXT, 3, "reason"},
        {&type_effect, BYTES("\x81\x0a\xa1\x80"), CODEC_TEXT, 3, "reason"},
        {&type_effect, BYTES("\x81\x0a\xa2\xc0\x80"), CODEC_TEXT, 3, "reason"},         /* overlong NUL */
        {&type_effect, BYTES("\x81\x0a\xa2\xc1\xbf"), CODEC_TEXT, 3, "reason"},         /* overlong */
        {&type_effect, BYTES("\x81\x0a\xa3\xe0\x9f\xbf"), CODEC_TEXT, 3, "reason"},     /* overlong */
        {&type_effect, BYTES("\x81\x0a\xa4\xf0\x8f\xbf\xbf"), CODEC_TEXT, 3, "reason"}, /* overlong */
        {&type_effect, BYTES("\x81\x0a\xa3\xed\xa0\x80"), CODEC_TEXT, 3, "reason"},     /* surrogate */
        {&type_effect, BYTES("\x81\x0a\xa4\xf4\x90\x80\x80"), CODEC_TEXT, 3, "reason"}, /* U+110000 */
        {&type_effect, BYTES("\x81\x0a\xa4\xf5\x80\x80\x80"), CODEC_TEXT, 3, "reason"},
        {&type_effect, BYTES("\x81\x0a\xa2\xe9\x80"), CODEC_TEXT, 3, "reason"}, /* a character cut short */
        {&type_effect, BYTES("\x81\x0a\xa3\xe9\x80x"), CODEC_TEXT, 3, "reason"},
        {&type_effect, BYTES("\x81\x0a\xa4\xf0\x9f\x99x"), CODEC_TEXT, 3, "reason"},
    };
    EXPECT_FAULTS(cases);
    static const char good[] = "\x81\x0a\xaf\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xee\x80\x80\xf4\x8f\xbf\xbf";
    assert_int_equal(decode(&type_effect, good, sizeof good - 1, NULL), CODEC_OK);
}

static void bytes_behind_the_end(void **state) {
    static const struct bad cases[] = {
        {&type_clock, BYTES("\x80\x80"), CODEC_TRAILING, 1, ""},
        {&type_clock, BYTES("\x81\x01\x01\x00"), CODEC_TRAILING, 3, ""},
        {&type_clock, BYTES("\x80\xc1"), CODEC_TRAILING, 1, ""},
    };
    EXPECT_FAULTS(cases);
}

/* ---- bombs --------------------------------------------------------------------------------------------------------- */

static void depth_is_bounded(void **state) {
    static uint8_t bomb[MESSAGE_BYTES_MAX];
    struct codec_fault fault;
    memset(bomb, 0x91, sizeof bomb); /* arrays of one, one in the other */
    bomb[0] = 0x81, bomb[1] = 100;
    assert_int_equal(decode(&type_ticket, bomb, sizeof bomb, &fault), CODEC_DEPTH);
    assert_in_range(fault.offset, 1, MESSAGE_DEPTH_MAX + 4);
    for (size_t i = 2; i + 1 < sizeof bomb; i += 2) bomb[i] = 0x81, bomb[i + 1] = 1; /* maps of one */
    assert_int_equal(decode(&type_ticket, bomb, sizeof bomb, &fault), CODEC_DEPTH);
    /* what is allowed: the struct is level 1, so an unknown tag may hold seven more */
    static const char deep[] = "\x81\x64\x91\x91\x91\x91\x91\x91\x91\x05",
                      deeper[] = "\x81\x64\x91\x91\x91\x91\x91\x91\x91\x91\x05";
    assert_int_equal(decode(&type_ticket, deep, sizeof deep - 1, &fault), CODEC_OK);
    assert_int_equal(decode(&type_ticket, deeper, sizeof deeper - 1, &fault), CODEC_DEPTH);
}

/* As many values as bytes, nested and flat: the work is linear in the bytes. */
static void a_full_frame_of_small_values_is_passed_over(void **state) {
    static uint8_t frame[MESSAGE_BYTES_MAX];
    memset(frame, 0x90, sizeof frame);
    memcpy(frame, "\x81\x64\xdd\x00\x00\xff\xf9", 7);
    assert_int_equal(decode(&type_ticket, frame, sizeof frame, NULL), CODEC_OK);
}

static void frames_over_the_limit_are_refused_unread(void **state) {
    static uint8_t frame[MESSAGE_BYTES_MAX + 1] = {0x80};
    struct codec_fault fault;
    assert_int_equal(decode(&type_ticket, frame, sizeof frame, &fault), CODEC_LARGE);
    assert_int_equal(fault.offset, 0);
}

/* ---- every struct, spoiled ----------------------------------------------------------------------------------------- */

static uint8_t whole[MESSAGE_BYTES_MAX];

static size_t a_whole_one(const struct type_info *type, uint64_t seed, unsigned percent) {
    static union any_struct from;
    struct fill fill = {seed, percent};
    size_t len;
    memset(&from, 0, sizeof from);
    fill_struct(&fill, type, &from);
    assert_int_equal(codec_encode(type, &from, whole, sizeof whole, &len), CODEC_OK);
    return len;
}

static void cut_at_each_byte(void **state) {
    const struct type_info *type;
    for (size_t n = 0; (type = nth_type(n)); n++) {
        size_t len = a_whole_one(type, n + 31, type == &type_changes ? 12 : 50);
        for (size_t cut = 0; cut < len; cut++) {
            struct codec_fault fault;
            enum codec_error error = decode(type, whole, cut, &fault);
            if (error != CODEC_SHORT && error != CODEC_LENGTH)
                fail_msg("%s cut at %zu of %zu: %s", type->name, cut, len, codec_error_text(error));
            assert_true(fault.offset <= cut);
        }
    }
}

/* What is still taken must be a struct like any other: writing and reading it again gives the same. */
static void expect_sound(const struct type_info *type) {
    static uint8_t again[MESSAGE_BYTES_MAX];
    static union any_struct back;
    size_t len;
    assert_int_equal(codec_encode(type, &target, again, sizeof again, &len), CODEC_OK);
    assert_int_equal(codec_decode(type, again, len, &back, NULL), CODEC_OK);
    assert_null(differing_field(type, &target, &back));
}

static void each_byte_changed(void **state) {
    const struct type_info *type;
    for (size_t n = 0; (type = nth_type(n)); n++) {
        size_t len = a_whole_one(type, n + 77, 40);
        if (len > 1500) len = a_whole_one(type, n + 77, 6);
        uint8_t *exact = malloc(len);
        for (size_t i = 0; i < len; i++)
            for (unsigned change = 1; change < 256; change += 1 + len / 300) {
                memcpy(exact, whole, len);
                exact[i] ^= (uint8_t)change;
                memset(&target, 0xaa, sizeof target);
                if (codec_decode(type, exact, len, &target, NULL))
                    expect_all_zero(type);
                else
                    expect_sound(type);
            }
        free(exact);
    }
}

static void random_bytes(void **state) {
    uint8_t noise[64];
    const struct type_info *type;
    struct fill fill = {4711, 0};
    for (size_t n = 0; (type = nth_type(n)); n++)
        for (unsigned i = 0; i < 3000; i++) {
            size_t len = 1 + fill_below(&fill, sizeof noise);
            for (size_t b = 0; b < len; b++) noise[b] = (uint8_t)fill_random(&fill);
            noise[0] = (uint8_t)(0x80 + fill_below(&fill, 16)); /* a map, or it ends at once */
            uint8_t *exact = malloc(len);
            memcpy(exact, noise, len);
            if (codec_decode(type, exact, len, &target, NULL) == CODEC_OK) expect_sound(type);
            free(exact);
        }
}

/* ---- messages ------------------------------------------------------------------------------------------------------ */

static void messages_say_which_part_is_bad(void **state) {
    static const struct {
        const char *bytes;
        size_t len;
        enum codec_error error;
        unsigned offset;
        const char *path;
        int64_t id; /* of the envelope that is left, so that the sender can be answered */
    } cases[] = {
        {BYTES(""), CODEC_SHORT, 0, "envelope", 0},
        {BYTES("\x83\x01\x01\x02\x05\x03\x09"), CODEC_SHORT, 7, "timer_due", 9},
        {BYTES("\x83\x01\x02\x02\x05\x03\x09\x80"), CODEC_PROTOCOL, 0, "envelope.protocol", 0},
        {BYTES("\x82\x02\x05\x03\x09\x80"), CODEC_PROTOCOL, 0, "envelope.protocol", 0},
        {BYTES("\x83\x01\x01\x02\x00\x03\x09\x80"), CODEC_TYPE, 0, "envelope.type", 0},
        {BYTES("\x83\x01\x01\x02\x63\x03\x09\x80"), CODEC_TYPE, 0, "envelope.type", 0},
        {BYTES("\x83\x01\x01\x02\xa1x\x03\x09\x80"), CODEC_KIND, 4, "envelope.type", 0},
        {BYTES("\x83\x01\x01\x02\x05\x03\x09\x81\x01\xa0"), CODEC_KIND, 9, "timer_due.ticket", 9},
        {BYTES("\x83\x01\x01\x02\x05\x03\x09\x80\x80"), CODEC_TRAILING, 8, "timer_due", 9},
        {BYTES("\x83\x01\x01\x02\x03\x03\x09\x81\x03\x81\x02\x63"), CODEC_WORD, 11, "command.by.role", 9},
    };
    static struct message message;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct codec_fault fault;
        uint8_t *exact = malloc(cases[i].len ? cases[i].len : 1);
        memcpy(exact, cases[i].bytes, cases[i].len);
        memset(&message, 0xaa, sizeof message);
        enum codec_error error = message_decode(exact, cases[i].len, &message, &fault);
        free(exact);
        if (error != cases[i].error || fault.error != error || fault.offset != cases[i].offset ||
            strcmp(fault.path, cases[i].path) != 0)
            fail_msg("case %zu: %s at %u, \"%s\"", i, codec_error_text(error), fault.offset, fault.path);
        assert_null(message.info);
        assert_int_equal(message.envelope.id, cases[i].id);
    }
    assert_int_equal(message_decode((const uint8_t *)"\x82\x01\x01\x02\x05\x80", 6, &message, NULL), CODEC_OK);
    assert_ptr_equal(message.info, table_message(MESSAGE_timer_due));
    assert_int_equal(message_decode((const uint8_t *)"\x82\x01\x01\x02\x05\xc0", 6, &message, NULL), CODEC_KIND);
}

static void every_error_has_a_name(void **state) {
    for (int error = CODEC_OK; error < CODEC_ERROR_COUNT; error++) {
        assert_true(strlen(codec_error_text((enum codec_error)error)) > 0);
        assert_true(strlen(codec_error_doc((enum codec_error)error)) > 0);
    }
    assert_string_equal(codec_error_text(CODEC_OK), "ok");
    assert_string_equal(codec_error_text(CODEC_TYPE), "type");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_that_lie),
        cmocka_unit_test(tags_that_are_none),
        cmocka_unit_test(values_of_another_kind),
        cmocka_unit_test(numbers_and_words_out_of_range),
        cmocka_unit_test(text_that_is_none),
        cmocka_unit_test(bytes_behind_the_end),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_full_frame_of_small_values_is_passed_over),
        cmocka_unit_test(frames_over_the_limit_are_refused_unread),
        cmocka_unit_test(cut_at_each_byte),
        cmocka_unit_test(each_byte_changed),
        cmocka_unit_test(random_bytes),
        cmocka_unit_test(messages_say_which_part_is_bad),
        cmocka_unit_test(every_error_has_a_name),
    };
    return cmocka_run_group_tests_name("proto malformed", tests, NULL, NULL);
}
