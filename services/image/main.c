/* From the first byte to the one line of answer. See image.h. */
#define _GNU_SOURCE
#include "services/image/image.h"

#include <errno.h>
#include <magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC_BYTES = 256 * 1024, PAPER_END_BYTES = 2048 };

bool image_fits(struct look *look, int width, int height) {
    look->width = width;
    look->height = height;
    if (width <= 0 || height <= 0) return false; /* a head that was cut */
    bool fits = width <= IMAGE_SIDE_MAX && height <= IMAGE_SIDE_MAX && (int64_t)width * height <= IMAGE_PIXELS_MAX;
    if (!fits) look->found = FOUND_PIXELS;
    return fits;
}

bool image_write(int fd, const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    while (length > 0) {
        ssize_t n = write(fd, at, length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

static bool read_all(struct bytes *ret_bytes) {
    struct stat found;
    if (fstat(IMAGE_IN, &found) != 0 || !S_ISREG(found.st_mode) || found.st_size <= 0) return false;
    size_t length = (size_t)found.st_size, got = 0;
    uint8_t *bytes = malloc(length + 1);
    while (bytes && got < length) {
        ssize_t n = pread(IMAGE_IN, bytes + got, length - got, (off_t)got);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        got += (size_t)n;
    }
    *ret_bytes = (struct bytes){bytes, length};
    return bytes && got == length;
}

/* What is not looked into is kept as it came; that its end is there shows that it came whole. */
static void paper_pdf(struct bytes in, struct look *look) {
    size_t tail = in.length < PAPER_END_BYTES ? in.length : PAPER_END_BYTES;
    bool whole =
        in.length > 8 && !memcmp(in.at, "%PDF-", 5) && memmem(in.at + in.length - tail, tail, "%%EOF", 5) != NULL;
    look->found = !whole ? FOUND_DAMAGED : image_write(IMAGE_OUT, in.at, in.length) ? FOUND_PAPER : FOUND_FAILED;
}

static const struct {
    const char *type;
    void (*read)(struct bytes in, struct look *look);
} kinds[] = {
    {"image/jpeg", photo_jpeg}, {"image/png", photo_png}, {"image/webp", photo_webp}, {"application/pdf", paper_pdf}};

static void look_at(magic_t magic, struct bytes in, struct look *look) {
    const char *type = magic_buffer(magic, in.at, in.length < MAGIC_BYTES ? in.length : MAGIC_BYTES);
    snprintf(look->type, sizeof look->type, "%s", type ? type : "application/octet-stream");
    look->found = FOUND_TYPE;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].type, look->type)) continue;
        look->found = FOUND_DAMAGED;
        kinds[i].read(in, look);
    }
}

/* A type is libmagic's own word, but a word all the same: only what a media type may hold goes out. */
static void print(const struct look *look) {
    static const char *const founds[] = {"photo", "paper", "type", "damaged", "pixels", "failed"};
    char line[512], type[64];
    size_t length = strspn(look->type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.+-");
    snprintf(type, sizeof type, "%.*s", (int)length, look->type);
    int used =
        snprintf(line, sizeof line, "{\"found\":\"%s\",\"type\":\"%s\",\"width\":%d,\"height\":%d,\"thumbnail\":%s",
                 founds[look->found], type, look->width, look->height, look->thumbnail ? "true" : "false");
    if (look->occurred_at[0])
        used += snprintf(line + used, sizeof line - (size_t)used, ",\"occurred_at\":\"%s\"", look->occurred_at);
    if (look->has_place)
        used += snprintf(line + used, sizeof line - (size_t)used, ",\"lon\":%.7f,\"lat\":%.7f", look->lon, look->lat);
    used += snprintf(line + used, sizeof line - (size_t)used, "}\n");
    image_write(STDOUT_FILENO, line, (size_t)used);
}

int main(void) {
    struct look look = {.found = FOUND_FAILED};
    struct bytes in;
    confine_resources();
    magic_t magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_ELF);
    if (magic && magic_load(magic, NULL) == 0 && read_all(&in)) {
        confine_calls();
        look_at(magic, in, &look);
    }
    print(&look);
    _exit(0); /* nothing to tidy, and nothing of a library's is run any more */
}
