#define _GNU_SOURCE
/* Bodies in parts: the handler is asked with the head alone, the parts come in pieces, and whoever goes away in between is told as gone. */
#include "tests/unit/http_fixture.h"

static struct {
    struct buffer said; /* "name/filename:bytes;" */
    int asked, ended;
    enum err err;
    size_t largest;
} seen;
static struct http_request *waiting;

static bool take(void *context, const struct http_part *part) {
    if (part->offset == 0) buffer_format(&seen.said, "%s/%s:", part->name, part->filename ? part->filename : "-");
    buffer_append(&seen.said, part->bytes, part->length < 40 ? part->length : 40);
    if (part->length > seen.largest) seen.largest = part->length;
    return strcmp(part->name, "enough") != 0;
}

static void on_end(void *context, enum err err) {
    seen.ended++;
    seen.err = err;
    http_answer(context, err == ERR_NONE ? 201 : 400, "text/plain", seen.said.data, seen.said.length);
}

static void read_it(struct http_request *request) {
    if (!http_read_parts(request, take, on_end, request))
        http_problem_status(request, 400, (struct sentence){"没有 boundary", "no boundary"});
}

static void at_once(void *context, struct http_request *request) {
    seen.asked++;
    read_it(request);
}
static void later(void *context, struct http_request *request) {
    seen.asked++;
    waiting = request;
}
static void never(void *context, struct http_request *request) {
    seen.asked++;
    http_problem_status(request, 403, (struct sentence){"不行", "no"});
}

static const struct http_route PARTS[] = {{HTTP_POST, "/once", at_once, 1 << 22, HTTP_BODY_PARTS, NULL, NULL},
                                          {HTTP_POST, "/later", later, 1 << 22, HTTP_BODY_PARTS, NULL, NULL},
                                          {HTTP_POST, "/never", never, 1 << 22, HTTP_BODY_PARTS, NULL, NULL},
                                          {0}};

static int begin(void **state) {
    struct http_options wanted = options();
    wanted.routes = PARTS;
    buffer_clear(&seen.said);
    seen.asked = seen.ended = 0;
    seen.largest = 0;
    start(wanted);
    return 0;
}

#define PART(name, file, bytes)                                                                                        \
    "--cut\r\nContent-Disposition: form-data; name=\"" name "\"" file "\r\n\r\n" bytes "\r\n"
#define TYPE "multipart/form-data; boundary=cut"

static size_t write_post(char *text, size_t room, const char *where, const char *type, const char *body, size_t len) {
    int head = snprintf(text, room, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                        where, type, len);
    memcpy(text + head, body, len);
    return (size_t)head + len;
}

static const char *post(const char *where, const char *type, const char *body) {
    char text[4096];
    return ask_bytes(text, write_post(text, sizeof text, where, type, body, strlen(body)));
}

static void parts_come_one_after_another(void **state) {
    static const char body[] = PART("a", "", "1") PART("file", "; filename=\"x.jpg\"", "bytes")
        PART("file", "; filename=\"\"", "") "--cut--\r\n";
    expect(post("/once", TYPE, body), 201, "a/-:1file/x.jpg:bytesfile/:");
    assert_int_equal(seen.ended, 1);
    expect(post("/once", "multipart/form-data; charset=utf-8; boundary=\"cut\"", PART("b", "", "2") "--cut--"), 201,
           "b/-:2");
}

static void what_is_no_such_body_is_said(void **state) {
    expect(post("/once", "application/json", "{}"), 415, NULL);
    expect(post("/once", "multipart/form-data", PART("a", "", "1")), 400, NULL);
    expect(post("/once", "multipart/form-data; boundary=a\"b", PART("a", "", "1")), 400, NULL);
    assert_int_equal(seen.ended, 0);
    expect(post("/once", TYPE, PART("a", "; filename=\"x\"", "cut in the mid")), 400, NULL);
    expect(post("/once", TYPE, "no part at all"), 400, NULL);
    assert_int_equal(seen.err, ERR_INVALID);
    expect(post("/once", TYPE, PART("enough", "", "1") PART("more", "", "2") "--cut--\r\n"), 400, "enough/-:1");
    assert_int_equal(seen.err, ERR_REFUSED);
    assert_null(strstr(buffer_text(&seen.said), "more"));
}

/* Who asks is looked up while the body waits; nothing of it is taken before. */
static void the_handler_may_think_about_the_head(void **state) {
    static char text[3 << 20], body[2 << 20];
    int head =
        snprintf(body, sizeof body, "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n");
    memset(body + head, 'x', sizeof body - (size_t)head);
    memcpy(body + sizeof body - 11, "\r\n--cut--\r\n", 11);
    size_t len = write_post(text, sizeof text, "/later", TYPE, body, sizeof body);
    int fd = dial();
    put(fd, text, 4000);
    turns(20);
    assert_int_equal(seen.asked, 1);
    assert_int_equal(seen.said.length, 0);
    read_it(waiting);
    put(fd, text + 4000, len - 4000);
    expect(get(fd), 201, "file/x:xxxx");
    assert_true(seen.largest > 0 && seen.largest < 128 * 1024); /* never whole in memory */
    put(fd, text,
        write_post(text, sizeof text, "/once", TYPE, PART("a", "", "again") "--cut--",
                   strlen(PART("a", "", "again") "--cut--")));
    expect(get(fd), 201, "again"); /* the connection goes on */
    close(fd);
}

static void who_is_refused_has_the_body_read_and_dropped(void **state) {
    static const char body[] = PART("a", "", "1") "--cut--\r\n";
    char text[1000];
    int fd = dial();
    for (int i = 0; i < 2; i++) {
        put(fd, text, write_post(text, sizeof text, "/never", TYPE, body, strlen(body)));
        expect(get(fd), 403, NULL);
    }
    put(fd, text, write_post(text, sizeof text, "/later", TYPE, body, strlen(body)));
    turns(10);
    never(NULL, waiting);
    expect(get(fd), 403, NULL);
    assert_int_equal(seen.said.length, 0);
    close(fd);
}

static void who_goes_away_is_told_as_gone(void **state) {
    char text[1000];
    static const char body[] = PART("file", "; filename=\"x\"", "some bytes");
    size_t len = write_post(text, sizeof text, "/once", TYPE, body, strlen(body));
    int fd = dial();
    put(fd, text, len - 5);
    turns(10);
    assert_int_equal(seen.ended, 0);
    close(fd);
    turns(20);
    assert_int_equal(seen.ended, 1);
    assert_int_equal(seen.err, ERR_CLOSED);
    fd = dial(); /* before it was read at all */
    put(fd, text, write_post(text, sizeof text, "/later", TYPE, body, strlen(body)));
    turns(10);
    http_free(&http);
    assert_false(http_read_parts(waiting, take, on_end, waiting));
    never(NULL, waiting);
    close(fd);
}

int main(void) {
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s", folder);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parts_come_one_after_another, begin, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_such_body_is_said, begin, teardown),
        cmocka_unit_test_setup_teardown(the_handler_may_think_about_the_head, begin, teardown),
        cmocka_unit_test_setup_teardown(who_is_refused_has_the_body_read_and_dropped, begin, teardown),
        cmocka_unit_test_setup_teardown(who_goes_away_is_told_as_gone, begin, teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_done(&seen.said);
    buffer_done(&got);
    rmdir(folder);
    return failed;
}
