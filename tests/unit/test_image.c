/* paidan-image, the process that looks at what people send: what it says of good photos, and that nothing but the picture goes on; what it
 * says of cut, crafted, oversized and disguised files. Pictures are made here; EXIF is written by hand. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <turbojpeg.h>
#include <unistd.h>
#include <webp/encode.h>

#include "common/child.h"
#include "common/loop.h"

#define PROGRAM_ENDING "/bin/paidan-image"
enum { FILE_MAX = 4 << 20 };

struct looked {
    struct child_end end;
    char output[CHILD_OUTPUT_MAX + 1];
    cJSON *json;
    uint8_t *kept, *small;
    size_t kept_length, small_length;
    bool done;
};

static struct loop *loop;
static char program[500];

static int memory(const void *bytes, size_t length) {
    int fd = memfd_create("file", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    return fd;
}

static void on_end(void *context, const struct child_end *end) {
    struct looked *l = context;
    l->end = *end;
    memcpy(l->output, end->output, end->output_length + 1);
    l->done = true;
}

static uint8_t *content(int fd, size_t *ret_length) {
    off_t length = lseek(fd, 0, SEEK_END);
    uint8_t *bytes = malloc((size_t)length + 1);
    assert_int_equal(pread(fd, bytes, (size_t)length, 0), length);
    close(fd);
    *ret_length = (size_t)length;
    return bytes;
}

static struct looked look(const void *bytes, size_t length) {
    struct looked l = {0};
    int in = memory(bytes, length), out = memory("", 0), small = memory("", 0);
    struct child_options options = {
        .program = program, .fds = {in, out, small}, .fd_count = 3, .timeout_ms = 60 * 1000};
    child_start(loop, &options, on_end, &l);
    while (!l.done) loop_turn(loop, 1000);
    close(in);
    l.kept = content(out, &l.kept_length);
    l.small = content(small, &l.small_length);
    l.json = cJSON_Parse(l.output);
    return l;
}

static void forget(struct looked *l) {
    cJSON_Delete(l->json);
    free(l->kept);
    free(l->small);
}

static const char *text(const struct looked *l, const char *name) {
    const cJSON *item = cJSON_GetObjectItem(l->json, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static double number(const struct looked *l, const char *name) {
    const cJSON *item = cJSON_GetObjectItem(l->json, name);
    return cJSON_IsNumber(item) ? item->valuedouble : -999;
}

#define FOUND(l, what)                                                                                                 \
    do {                                                                                                               \
        if (strcmp(text(&(l), "found"), what))                                                                         \
            fail_msg("%s, not %s (%d, %d)", (l).output, what, (l).end.code, (l).end.signal);                           \
    } while (0)

/* ---- pictures ------------------------------------------------------------------------------------------------------------------ */

/* The left half red, the right half blue. */
static uint8_t *pixels(int width, int height) {
    uint8_t *rgb = malloc((size_t)width * (size_t)height * 3);
    for (int i = 0; i < width * height; i++) {
        bool left = i % width < width / 2;
        memcpy(rgb + 3 * i, left ? "\xff\0\0" : "\0\0\xff", 3);
    }
    return rgb;
}

static size_t make_jpeg(int width, int height, uint8_t *ret_bytes) {
    unsigned char *out = NULL;
    unsigned long length = 0;
    uint8_t *rgb = pixels(width, height);
    tjhandle jpeg = tjInitCompress();
    assert_int_equal(tjCompress2(jpeg, rgb, width, 0, height, TJPF_RGB, &out, &length, TJSAMP_420, 90, 0), 0);
    assert_true(length < FILE_MAX);
    memcpy(ret_bytes, out, length);
    tjFree(out);
    tjDestroy(jpeg);
    free(rgb);
    return length;
}

static void put16(uint8_t **at, unsigned value) {
    *(*at)++ = (uint8_t)(value >> 8);
    *(*at)++ = (uint8_t)value;
}
static void put32(uint8_t **at, uint32_t value) {
    put16(at, value >> 16);
    put16(at, value & 0xffff);
}
static void put_entry(uint8_t **at, unsigned tag, unsigned format, uint32_t count, uint32_t value) {
    put16(at, tag);
    put16(at, format);
    put32(at, count);
    put32(at, value);
}

/* An EXIF segment, big-endian: orientation, when (with or without an offset), where (41.3333 N, 123.75 E). */
static size_t make_exif(uint8_t *ret_bytes, int orientation, bool offset, bool place) {
    uint8_t *at = ret_bytes, *tiff = ret_bytes + 10;
    memcpy(at, "\xff\xe1\0\0Exif\0\0MM\0\x2a\0\0\0\x08", 18);
    at += 18;
    put16(&at, 3); /* at 8 */
    put_entry(&at, 0x0112, 3, 1, (uint32_t)orientation << 16);
    put_entry(&at, 0x8769, 4, 1, 100);
    put_entry(&at, 0x8825, 4, 1, 200);
    put32(&at, 0);
    at = tiff + 100;
    put16(&at, offset ? 2 : 1);
    put_entry(&at, 0x9003, 2, 20, 150);
    if (offset) put_entry(&at, 0x9011, 2, 7, 175);
    put32(&at, 0);
    memcpy(tiff + 150, "2026:11:20 09:30:00", 20);
    memcpy(tiff + 175, "+09:00", 7);
    at = tiff + 200;
    put16(&at, place ? 4 : 0);
    put_entry(&at, 1, 2, 2, (uint32_t)'N' << 24);
    put_entry(&at, 2, 5, 3, 300);
    put_entry(&at, 3, 2, 2, (uint32_t)'E' << 24);
    put_entry(&at, 4, 5, 3, 330);
    put32(&at, 0);
    at = tiff + 300;
    const uint32_t degrees[] = {41, 1, 20, 1, 0, 1};
    for (int i = 0; i < 6; i++) put32(&at, degrees[i]);
    at = tiff + 330;
    const uint32_t more[] = {123, 1, 4500, 100, 0, 1};
    for (int i = 0; i < 6; i++) put32(&at, more[i]);
    memcpy(at, "SECRET-SERIAL-4711", 18);
    at += 18;
    ret_bytes[2] = (uint8_t)((at - ret_bytes - 2) >> 8);
    ret_bytes[3] = (uint8_t)(at - ret_bytes - 2);
    return (size_t)(at - ret_bytes);
}

static size_t make_photo(uint8_t *ret_bytes, int width, int height, int orientation, bool offset, bool place) {
    static uint8_t plain[FILE_MAX];
    uint8_t exif[1024] = {0};
    size_t length = make_jpeg(width, height, plain), exif_length = make_exif(exif, orientation, offset, place);
    memcpy(ret_bytes, plain, 2);
    memcpy(ret_bytes + 2, exif, exif_length);
    memcpy(ret_bytes + 2 + exif_length, plain + 2, length - 2);
    return length + exif_length;
}

static uint8_t file[FILE_MAX];

/* ---- good ones ------------------------------------------------------------------------------------------------------------------- */

static void colour_at(const uint8_t *jpeg_bytes, size_t length, int x, int y, uint8_t ret_rgb[3]) {
    int width, height, sampling, space;
    tjhandle jpeg = tjInitDecompress();
    assert_int_equal(tjDecompressHeader3(jpeg, jpeg_bytes, length, &width, &height, &sampling, &space), 0);
    uint8_t *rgb = malloc((size_t)width * (size_t)height * 3);
    assert_int_equal(tjDecompress2(jpeg, jpeg_bytes, length, rgb, width, 0, height, TJPF_RGB, 0), 0);
    memcpy(ret_rgb, rgb + 3 * (y * width + x), 3);
    free(rgb);
    tjDestroy(jpeg);
}

static void test_photo_loses_everything_but_the_picture(void **state) {
    size_t length = make_photo(file, 640, 480, 1, true, true);
    memcpy(file + length, "PK\3\4trailing", 12); /* a second file behind the first */
    struct looked l = look(file, length + 12);
    FOUND(l, "photo");
    assert_string_equal(text(&l, "type"), "image/jpeg");
    assert_string_equal(text(&l, "occurred_at"), "2026-11-20T09:30:00+09:00");
    assert_true(number(&l, "lat") > 41.3333 && number(&l, "lat") < 41.3334);
    assert_true(number(&l, "lon") > 123.7499 && number(&l, "lon") < 123.7501);
    assert_int_equal((int)number(&l, "width"), 640);
    assert_null(memmem(l.kept, l.kept_length, "Exif", 4));
    assert_null(memmem(l.kept, l.kept_length, "SECRET", 6));
    assert_null(memmem(l.kept, l.kept_length, "trailing", 8));
    assert_null(memmem(l.small, l.small_length, "Exif", 4));
    assert_memory_equal(l.small, "\xff\xd8\xff", 3);
    forget(&l);
}

static void test_time_without_offset_is_local_and_no_place_is_none(void **state) {
    struct looked l = look(file, make_photo(file, 64, 48, 1, false, false));
    FOUND(l, "photo");
    assert_string_equal(text(&l, "occurred_at"), "2026-11-20T09:30:00+08:00");
    assert_null(cJSON_GetObjectItem(l.json, "lon"));
    forget(&l);
}

/* As a phone held upright writes it: the sensor's left is the picture's top. */
static void test_orientation_is_applied(void **state) {
    static const struct {
        int orientation, width, height, red_x, red_y;
    } cases[] = {{1, 640, 480, 20, 240}, {2, 640, 480, 620, 240}, {3, 640, 480, 620, 240}, {4, 640, 480, 20, 240},
                 {5, 480, 640, 240, 20}, {6, 480, 640, 240, 20},  {7, 480, 640, 240, 620}, {8, 480, 640, 240, 620}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t rgb[3];
        struct looked l = look(file, make_photo(file, 640, 480, cases[i].orientation, true, true));
        FOUND(l, "photo");
        assert_int_equal((int)number(&l, "width"), cases[i].width);
        assert_int_equal((int)number(&l, "height"), cases[i].height);
        colour_at(l.kept, l.kept_length, cases[i].red_x, cases[i].red_y, rgb);
        if (rgb[0] < 200 || rgb[2] > 60)
            fail_msg("orientation %d: %d %d %d", cases[i].orientation, rgb[0], rgb[1], rgb[2]);
        colour_at(l.small, l.small_length, cases[i].red_x / 2, cases[i].red_y / 2, rgb);
        if (rgb[0] < 200 || rgb[2] > 60)
            fail_msg("thumbnail %d: %d %d %d", cases[i].orientation, rgb[0], rgb[1], rgb[2]);
        forget(&l);
    }
}

static size_t make_png(int width, int height) {
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = PNG_FORMAT_RGB};
    png_alloc_size_t length = FILE_MAX;
    uint8_t *rgb = pixels(width, height);
    assert_true(png_image_write_to_memory(&image, file, &length, 0, rgb, 0, NULL));
    free(rgb);
    return length;
}

static void test_png_and_webp(void **state) {
    size_t length = make_png(500, 100);
    memcpy(file + length, "<script>", 8);
    struct looked l = look(file, length + 8);
    FOUND(l, "photo");
    assert_string_equal(text(&l, "type"), "image/png");
    assert_null(memmem(l.kept, l.kept_length, "<script>", 8));
    assert_true(l.small_length > 0);
    forget(&l);
    uint8_t *rgb = pixels(200, 300), *webp = NULL;
    length = WebPEncodeRGB(rgb, 200, 300, 600, 80, &webp);
    l = look(webp, length);
    FOUND(l, "photo");
    assert_string_equal(text(&l, "type"), "image/webp");
    assert_true(l.kept_length > 0 && l.small_length > 0);
    forget(&l);
    l = look(webp, length / 2);
    FOUND(l, "damaged");
    forget(&l);
    WebPFree(webp);
    free(rgb);
}

static void test_papers_are_kept_as_they_are(void **state) {
    static const char pdf[] = "%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n";
    struct looked l = look(pdf, sizeof pdf - 1);
    FOUND(l, "paper");
    assert_string_equal(text(&l, "type"), "application/pdf");
    assert_int_equal(l.kept_length, sizeof pdf - 1);
    assert_memory_equal(l.kept, pdf, sizeof pdf - 1);
    assert_int_equal(l.small_length, 0);
    forget(&l);
    l = look(pdf, sizeof pdf - 12);
    FOUND(l, "damaged");
    forget(&l);
}

/* ---- bad ones -------------------------------------------------------------------------------------------------------------------- */

static void test_what_is_not_taken(void **state) {
    static const char *const texts[] = {
        "<html><script>alert(1)</script></html>", "GIF89a\1\0\1\0\0\0\0;", "#!/bin/sh\necho hello\n",
        "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>", "just some words"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct looked l = look(texts[i], strlen(texts[i]));
        FOUND(l, "type");
        assert_int_equal(l.kept_length, 0);
        forget(&l);
    }
    struct looked l = look("\x7f"
                           "ELF\2\1\1",
                           7);
    assert_true(strcmp(text(&l, "found"), "photo") != 0);
    forget(&l);
}

/* Cut anywhere it is damaged, never a photo: whoever sent it must be told to send it again. */
static void test_cut_photo(void **state) {
    size_t length = make_photo(file, 640, 480, 6, true, true);
    for (int part = 1; part < 8; part += 2) {
        struct looked l = look(file, length * (size_t)part / 8);
        if (!strcmp(text(&l, "found"), "photo")) fail_msg("%d eighths pass: %s", part, l.output);
        forget(&l);
    }
}

static void test_bombs(void **state) {
    size_t length = make_jpeg(64, 64, file);
    for (size_t i = 0; i + 9 < length; i++)
        if (file[i] == 0xff && file[i + 1] == 0xc0) memcpy(file + i + 5, "\xea\x60\xea\x60", 4); /* 60,000 x 60,000 */
    struct looked l = look(file, length);
    FOUND(l, "pixels");
    forget(&l);
    length = make_png(64, 64);
    memcpy(file + 16, "\0\1\x86\xa0\0\1\x86\xa0", 8); /* 100,000 x 100,000 */
    l = look(file, length);
    assert_true(!strcmp(text(&l, "found"), "pixels") || !strcmp(text(&l, "found"), "damaged"));
    assert_int_equal(l.kept_length, 0);
    forget(&l);
}

/* What is both a photo and something else comes out as a photo alone. */
static void test_polyglot(void **state) {
    static uint8_t plain[FILE_MAX];
    static const char comment[] = "\xff\xfe\0\x2a<html><script>alert(1)</script></html>  ";
    size_t length = make_jpeg(64, 64, plain);
    memcpy(file, plain, 2);
    memcpy(file + 2, comment, 44);
    memcpy(file + 46, plain + 2, length - 2);
    struct looked l = look(file, length + 44);
    FOUND(l, "photo");
    assert_null(memmem(l.kept, l.kept_length, "script", 6));
    forget(&l);
}

/* Any byte of the head may be anything: it says something, or dies, and never hands on what it was not sure of. */
static void test_crafted(void **state) {
    static uint8_t crafted[FILE_MAX];
    size_t length = make_photo(file, 64, 48, 6, true, true);
    uint32_t random = 20261122;
    for (int round = 0; round < 20; round++) {
        memcpy(crafted, file, length);
        for (int i = 0; i < 6; i++) {
            random = random * 1664525u + 1013904223u;
            crafted[2 + random % (length < 460 ? length - 2 : 460)] = (uint8_t)(random >> 24);
        }
        struct looked l = look(crafted, length);
        if (!l.json) fail_msg("round %d died: code %d signal %d", round, l.end.code, l.end.signal);
        forget(&l);
    }
}

/* ---- the process itself ------------------------------------------------------------------------------------------------------------ */

static void test_what_cannot_be_started_or_hangs(void **state) {
    struct looked l = {0};
    struct child_options options = {.program = "/nonexistent/program", .timeout_ms = 1000};
    child_start(loop, &options, on_end, &l);
    while (!l.done) loop_turn(loop, 1000);
    assert_int_equal(l.end.err, ERR_NOT_FOUND);
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    l = (struct looked){0};
    options = (struct child_options){.program = "/usr/bin/yes", .timeout_ms = 50};
    child_start(loop, &options, on_end, &l);
    while (!l.done) loop_turn(loop, 1000);
    assert_int_equal(l.end.err, ERR_TIMEOUT);
    assert_int_equal(l.end.output_length, CHILD_OUTPUT_MAX);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    options.timeout_ms = 60000;
    struct child *child = child_start(loop, &options, on_end, &l);
    child_free(&child);
    assert_null(child);
}

static int begin(void **state) {
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - sizeof PROGRAM_ENDING);
    if (length <= 0) return 1;
    program[length] = 0;
    *strrchr(program, '/') = 0; /* tests */
    *strrchr(program, '/') = 0;
    strcat(program, PROGRAM_ENDING);
    loop = loop_new();
    return 0;
}

static int end(void **state) {
    loop_free(&loop);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_photo_loses_everything_but_the_picture),
        cmocka_unit_test(test_time_without_offset_is_local_and_no_place_is_none),
        cmocka_unit_test(test_orientation_is_applied),
        cmocka_unit_test(test_png_and_webp),
        cmocka_unit_test(test_papers_are_kept_as_they_are),
        cmocka_unit_test(test_what_is_not_taken),
        cmocka_unit_test(test_cut_photo),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_polyglot),
        cmocka_unit_test(test_crafted),
        cmocka_unit_test(test_what_cannot_be_started_or_hangs),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
