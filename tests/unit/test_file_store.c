/* The folder store and sealed files: whole or not there, and nothing that was cut, altered, exchanged or read with another key opens. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto_stream.h"
#include "common/file_store.h"

static char folder[] = "/tmp/paidan-store-XXXXXX";
static const uint8_t key[32] = {1, 2, 3}, other_key[32] = {1, 2, 4};

static int file_of(size_t length) {
    int fd = memfd_create("file", MFD_CLOEXEC);
    for (size_t i = 0; i < length; i++) {
        char byte = (char)(i * 7 + i / 256);
        assert_int_equal(write(fd, &byte, 1), 1);
    }
    return fd;
}

static bool same(int a, int b) {
    char one[4096], two[4096];
    for (off_t at = 0;; at += 4096) {
        ssize_t n = pread(a, one, sizeof one, at), m = pread(b, two, sizeof two, at);
        if (n != m || (n > 0 && memcmp(one, two, (size_t)n))) return false;
        if (n <= 0) return true;
    }
}

static void test_sealed_files_open_whole(void **state) {
    static const size_t lengths[] = {0, 1, 1000, 65535, 65536, 65537, 131072, 140000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int plain = file_of(lengths[i]), sealed = file_of(0), opened = file_of(0);
        uint64_t length, again;
        assert_int_equal(crypto_stream_seal(key, "a/b", plain, sealed, &length), ERR_NONE);
        assert_int_equal(lseek(sealed, 0, SEEK_END), (off_t)length);
        assert_int_equal(crypto_stream_open(key, "a/b", sealed, opened, &again), ERR_NONE);
        assert_int_equal(again, lengths[i]);
        assert_true(same(plain, opened));
        close(plain), close(sealed), close(opened);
    }
}

static enum err opens(const uint8_t *with, const char *name, int sealed) {
    uint64_t length;
    int opened = file_of(0);
    enum err err = crypto_stream_open(with, name, sealed, opened, &length);
    close(opened);
    return err;
}

static void test_nothing_else_opens(void **state) {
    int plain = file_of(140000), sealed = file_of(0);
    uint64_t length;
    assert_int_equal(crypto_stream_seal(key, "a/b", plain, sealed, &length), ERR_NONE);
    assert_int_equal(opens(other_key, "a/b", sealed), ERR_INVALID);
    assert_int_equal(opens(key, "a/c", sealed), ERR_INVALID);
    static const off_t places[] = {0, 1, 30, 70000, 139000};
    for (size_t i = 0; i < 5; i++) {
        char byte, flipped;
        assert_int_equal(pread(sealed, &byte, 1, places[i]), 1);
        flipped = byte ^ 1;
        assert_int_equal(pwrite(sealed, &flipped, 1, places[i]), 1);
        assert_int_equal(opens(key, "a/b", sealed), ERR_INVALID);
        assert_int_equal(pwrite(sealed, &byte, 1, places[i]), 1);
    }
    assert_int_equal(opens(key, "a/b", sealed), ERR_NONE);
    assert_int_equal(pwrite(sealed, "x", 1, (off_t)length), 1); /* something behind it */
    assert_int_equal(opens(key, "a/b", sealed), ERR_INVALID);
    for (off_t cut = (off_t)length - 1; cut > 0; cut -= 20011) {
        assert_int_equal(ftruncate(sealed, cut), 0);
        assert_int_equal(opens(key, "a/b", sealed), ERR_INVALID);
    }
    close(plain), close(sealed);
}

static void test_folder(void **state) {
    char message[FILE_STORE_MESSAGE_BYTES], path[200];
    struct file_store *store = file_store_folder_new(folder, message);
    assert_non_null(store);
    int from = file_of(100000), to = file_of(0);
    struct stat found;
    assert_int_equal(file_store_put(store, "ab/cd/one", from, 100001),
                     ERR_IO); /* not as long as was said: then not at all */
    assert_int_equal(file_store_get(store, "ab/cd/one", to), ERR_NOT_FOUND);
    assert_int_equal(file_store_put(store, "ab/cd/one", from, 100000), ERR_NONE);
    assert_int_equal(file_store_put(store, "ab/cd/one", from, 100000), ERR_NONE);
    assert_int_equal(file_store_get(store, "ab/cd/one", to), ERR_NONE);
    assert_true(same(from, to));
    snprintf(path, sizeof path, "%s/ab/cd/one", folder);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    assert_int_equal(file_store_remove(store, "ab/cd/one"), ERR_NONE);
    assert_int_equal(file_store_remove(store, "ab/cd/one"), ERR_NONE);
    assert_int_equal(file_store_get(store, "ab/cd/one", to), ERR_NOT_FOUND);
    file_store_free(&store);
    assert_null(store);
    close(from), close(to);
    assert_null(file_store_folder_new("/proc/nowhere", message));
    assert_non_null(strstr(message, "/proc/nowhere"));
}

static void test_what_is_no_bucket(void **state) {
    static const char *const urls[] = {"",
                                       "ftp://host/bucket",
                                       "http://host",
                                       "http://host/",
                                       "http:///bucket",
                                       "http://user:secret@host/bucket",
                                       "https://host/bucket?x=1",
                                       "https://host/bucket/"};
    char message[FILE_STORE_MESSAGE_BYTES];
    struct file_store_s3_options options = {.region = "us-east-1", .key_id = "id", .secret = "secret"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        options.url = urls[i];
        assert_null(file_store_s3_new(&options, message));
    }
    options.url = "http://127.0.0.1:1/bucket";
    options.tries = 1;
    struct file_store *store = file_store_s3_new(&options, message);
    assert_non_null(store);
    int to = file_of(0);
    assert_int_equal(file_store_get(store, "ab/cd/one", to), ERR_IO); /* nobody is there */
    file_store_free(&store);
    close(to);
}

static int begin(void **state) {
    return !mkdtemp(folder) || crypto_open() != ERR_NONE;
}

static int end(void **state) {
    char command[200];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sealed_files_open_whole),
                                       cmocka_unit_test(test_nothing_else_opens), cmocka_unit_test(test_folder),
                                       cmocka_unit_test(test_what_is_no_bucket)};
    return cmocka_run_group_tests(tests, begin, end);
}
