/* The tables made from messages.def: each row points at the member it names, tags and numbers are fit to be sent, nothing can
 * nest or grow beyond the limits; and no tag, number or word that was once given out means something else now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/lock.h"
#include "tests/unit/proto_fill.h"

#include <stdlib.h>

static void tags_ascend_and_fit_one_byte(void **state) {
    const struct type_info *type;
    for (size_t n = 0; (type = nth_type(n)); n++) {
        assert_in_range(type->count, 1, 64); /* json_read.c keeps a bit for each */
        unsigned before = 0;
        for (const struct field_info *f = type->fields; f < type->fields + type->count; f++) {
            if (f->tag <= before || f->tag > 127) fail_msg("%s.%s has tag %u", type->name, f->name, f->tag);
            before = f->tag;
        }
    }
}

static void names_are_unique_and_documented(void **state) {
    const struct type_info *type, *other;
    for (size_t n = 0; (type = nth_type(n)); n++) {
        for (size_t m = 0; m < n && (other = nth_type(m)); m++) assert_string_not_equal(type->name, other->name);
        assert_int_not_equal(type->doc[0], 0);
        for (unsigned i = 0; i < type->count; i++) {
            assert_int_not_equal(type->fields[i].doc[0], 0);
            for (unsigned j = 0; j < i; j++) assert_string_not_equal(type->fields[i].name, type->fields[j].name);
        }
    }
}

static size_t end_of(const struct field_info *f) {
    return f->offset + (f->max ? f->items + (size_t)f->max * f->size : f->size);
}

static void rows_lie_inside_their_struct_and_do_not_overlap(void **state) {
    const struct type_info *type;
    for (size_t n = 0; (type = nth_type(n)); n++) {
        assert_true(type->size <= sizeof(union any_struct));
        size_t before = 0;
        for (const struct field_info *f = type->fields; f < type->fields + type->count; f++) {
            assert_true(f->offset >= before);
            before = end_of(f);
        }
        assert_true(before <= type->size);
    }
}

static const struct field_info *row(const struct type_info *type, const char *name) {
    for (unsigned i = 0; i < type->count; i++)
        if (strcmp(type->fields[i].name, name) == 0) return &type->fields[i];
    fail_msg("%s.%s is missing", type->name, name);
    return NULL;
}

/* One row of each shape, against what the compiler says. */
static void rows_point_at_what_they_name(void **state) {
    const struct field_info *f = row(&type_ticket, "assignments");
    assert_int_equal(f->offset, offsetof(struct ticket, assignments_count));
    assert_int_equal(f->offset + f->items, offsetof(struct ticket, assignments));
    assert_int_equal(f->size, sizeof(struct assignment));
    assert_int_equal(f->max, TICKET_ASSIGNMENTS_MAX);
    assert_ptr_equal(f->type, &type_assignment);
    f = row(&type_effect, "units");
    assert_int_equal(f->offset, offsetof(struct effect, units_count));
    assert_int_equal(f->offset + f->items, offsetof(struct effect, units));
    assert_int_equal(f->kind, FIELD_u32);
    f = row(&type_change, "events");
    assert_int_equal(f->offset + f->items, offsetof(struct change, events));
    assert_int_equal(f->size, 1);
    f = row(&type_ticket, "supervision");
    assert_int_equal(f->offset, offsetof(struct ticket, supervision));
    assert_int_equal(f->kind, FIELD_struct);
    f = row(&type_ticket, "state");
    assert_int_equal(f->offset, offsetof(struct ticket, state));
    assert_int_equal(f->word_set, WORDS_state);
    assert_int_equal(f->word_max, STATE_COUNT - 1);
    f = row(&type_command, "key");
    assert_int_equal(f->offset, offsetof(struct command, key));
    assert_int_equal(f->size, sizeof(struct bytes));
    assert_int_equal(type_ticket.size, sizeof(struct ticket));
}

/* One of those on the bus, or several with commas between. */
static bool is_party(const char *text) {
    static const char *const parties[] = {"intake",  "router",  "escalation", "notification",
                                          "console", "outside", "all"};
    for (;;) {
        size_t len = strcspn(text, ",");
        bool known = false;
        for (size_t i = 0; i < sizeof parties / sizeof parties[0]; i++)
            known |= strlen(parties[i]) == len && !memcmp(parties[i], text, len);
        if (!known || !text[len]) return known;
        text += len + strspn(text + len, ", ");
    }
}

static void message_numbers_run_from_one(void **state) {
    size_t count;
    const struct message_info *messages = table_messages(&count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(messages[i].number, i + 1);
        assert_ptr_equal(table_message((int)i + 1), &messages[i]);
        assert_true(is_party(messages[i].from) && is_party(messages[i].to));
    }
    assert_true(count <= UINT8_MAX); /* envelope.type */
    assert_null(table_message(0));
    assert_null(table_message(-1));
    assert_null(table_message((int)count + 1));
}

/* Every map and every list is a level. */
static int depth_of(const struct type_info *type) {
    int deepest = 0;
    for (const struct field_info *f = type->fields; f < type->fields + type->count; f++) {
        int depth = (f->max ? 1 : 0) + (f->kind == FIELD_struct ? depth_of(f->type) : 0);
        if (depth > deepest) deepest = depth;
    }
    return deepest + 1;
}

/* The most bytes a struct takes, text and bytes apart. */
static size_t most_bytes(const struct type_info *type) {
    size_t sum = type->count > 15 ? 3 : 1;
    for (const struct field_info *f = type->fields; f < type->fields + type->count; f++) {
        size_t one = f->kind == FIELD_struct                           ? most_bytes(f->type)
                     : f->kind == FIELD_text || f->kind == FIELD_bytes ? 5
                     : f->size == 1                                    ? 2
                                                                       : f->size + 1u;
        sum += f->max ? 4 + f->max * one : 1 + one;
    }
    return sum;
}

static void nothing_nests_or_grows_beyond_the_limits(void **state) {
    const struct type_info *type;
    const size_t texts = REASON_BYTES_MAX + BASIS_BYTES_MAX + NOTE_BYTES_MAX + ANSWER_BYTES_MAX;
    for (size_t n = 0; (type = nth_type(n)); n++) {
        assert_in_range(depth_of(type), 1, MESSAGE_DEPTH_MAX);
        size_t most = most_bytes(&type_envelope) + most_bytes(type) + texts;
        if (most > MESSAGE_BYTES_MAX) fail_msg("%s can take %zu bytes", type->name, most);
    }
}

/* ---- the lock file ------------------------------------------------------------------------------------------------- */

static char lock[LOCK_BYTES_MAX], fresh[LOCK_BYTES_MAX], problem[2 * LOCK_LINE_MAX];
static size_t lock_len, fresh_len;

static bool update(void) {
    return lock_update(lock, lock_len, fresh, sizeof fresh, &fresh_len, problem);
}

static int read_lock(void **state) {
    FILE *file = fopen("proto/messages.lock", "r");
    if (!file) fail_msg("proto/messages.lock is missing: make docs");
    lock_len = fread(lock, 1, sizeof lock - 1, file);
    lock[lock_len] = 0;
    fclose(file);
    return 0;
}

/* Puts other text of any length in place of the first `from`. */
static void edit_lock(const char *from, const char *to) {
    char *at = strstr(lock, from);
    if (!at) fail_msg("the lock file has no \"%s\"", from);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
    lock_len = strlen(lock);
}

static void what_was_promised_is_kept(void **state) {
    if (!update()) fail_msg("%s", problem);
    if (fresh_len != lock_len || memcmp(fresh, lock, lock_len) != 0)
        fail_msg("proto/messages.lock is not what the tables say: make docs");
}

static void a_broken_promise_is_noticed(void **state) {
    static const char *const broken[][2] = {
        {"struct clock 2 time started 0", "struct clock 2 i64 started 0"},         /* another kind */
        {"struct clock 2 time started 0", "struct clock 2 time began 0"},          /* another name, or the tag reused */
        {"struct clock 1 word:stage stage 0", "struct clock 1 word:rung stage 0"}, /* another vocabulary */
        {"struct effect 5 list:u32 units 8", "struct effect 5 list:u32 units 9"},  /* a list made shorter */
        {"struct effect 20 struct:route route 0", "struct effect 20 list:struct:route route 4"},
        {"message 2 request_routed", "message 2 request_refused"},
        {"word state 6 HANDLING", "word state 6 WORKING"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        read_lock(NULL);
        edit_lock(broken[i][0], broken[i][1]);
        if (update()) fail_msg("nobody noticed \"%s\"", broken[i][1]);
        assert_non_null(strstr(problem, broken[i][1]));
    }
}

static void what_is_new_is_added_and_what_is_gone_stays(void **state) {
    edit_lock("struct clock 2 time started 0\n", "");
    edit_lock("word state 6 HANDLING\n", "struct clock 126 u8 colour 0\nmessage 250 shout\n");
    edit_lock("struct effect 5 list:u32 units 8", "struct effect 5 list:u32 units 4");
    assert_true(update());
    assert_non_null(strstr(fresh, "\nstruct clock 2 time started 0\n"));
    assert_non_null(strstr(fresh, "\nword state 6 HANDLING\n"));
    assert_non_null(strstr(fresh, "\nstruct effect 5 list:u32 units 8\n"));
    assert_non_null(strstr(fresh, "\n# retired\nstruct clock 126 u8 colour 0\nmessage 250 shout\n"));
    memcpy(lock, fresh, fresh_len + 1);
    lock_len = fresh_len;
    assert_true(update());
    assert_string_equal(fresh, lock);
}

static void a_first_lock_file_is_whole(void **state) {
    char whole[] = "\nstruct envelope 1 u8 protocol 0\n";
    lock_len = 0;
    assert_true(update());
    assert_non_null(strstr(fresh, whole));
    assert_null(strstr(fresh, "# retired"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_ascend_and_fit_one_byte),
        cmocka_unit_test(names_are_unique_and_documented),
        cmocka_unit_test(rows_lie_inside_their_struct_and_do_not_overlap),
        cmocka_unit_test(rows_point_at_what_they_name),
        cmocka_unit_test(message_numbers_run_from_one),
        cmocka_unit_test(nothing_nests_or_grows_beyond_the_limits),
        cmocka_unit_test_setup(what_was_promised_is_kept, read_lock),
        cmocka_unit_test(a_broken_promise_is_noticed),
        cmocka_unit_test_setup(what_is_new_is_added_and_what_is_gone_stays, read_lock),
        cmocka_unit_test(a_first_lock_file_is_whole),
    };
    return cmocka_run_group_tests_name("proto table", tests, NULL, NULL);
}
