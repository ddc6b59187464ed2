/* A store in a folder: aa/bb/KEY. A file gets its name only when all of it is on the disk, so that a power cut or a kill leaves either
 * the whole or nothing. See file_store.h. */
#define _GNU_SOURCE
#include "common/file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "proto/must.h"

struct folder {
    struct file_store store;
    int fd; /* of the folder: keys are looked up below it */
};

static void folder_free(struct file_store *store) {
    struct folder *f = (struct folder *)store;
    close(f->fd);
    free(f);
}

static enum err copy(int from, int to) {
    for (;;) {
        ssize_t n = sendfile(to, from, NULL, 1 << 20);
        if (n == 0) return ERR_NONE;
        if (n < 0 && errno != EINTR) return err_from_errno(errno);
    }
}

static enum err sync_at(int folder, const char *path) {
    int fd = openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return err_from_errno(errno);
    enum err err = fsync(fd) == 0 ? ERR_NONE : err_from_errno(errno);
    close(fd);
    return err;
}

/* The folders above the key's last part; each new one is synced into the one above it. */
static enum err make_folders(int folder, const char *key) {
    char path[FILE_STORE_KEY_MAX + 1], above[FILE_STORE_KEY_MAX + 1] = ".";
    for (const char *slash = strchr(key, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof path, "%.*s", (int)(slash - key), key);
        if (mkdirat(folder, path, 0700) != 0 && errno != EEXIST) return err_from_errno(errno);
        enum err err = sync_at(folder, above);
        if (err != ERR_NONE) return err;
        strcpy(above, path);
    }
    return ERR_NONE;
}

static void folder_of(const char *key, char ret_folder[FILE_STORE_KEY_MAX + 1]) {
    const char *slash = strrchr(key, '/');
    snprintf(ret_folder, FILE_STORE_KEY_MAX + 1, "%.*s", slash ? (int)(slash - key) : 1, slash ? key : ".");
}

/* Of the same name there is only the same content, as who makes keys never uses one twice for another. */
static enum err name_file(int folder, int fd, const char *key) {
    char self[40];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, self, folder, key, AT_SYMLINK_FOLLOW) != 0 && errno != EEXIST) return err_from_errno(errno);
    return ERR_NONE;
}

static enum err folder_put(struct file_store *store, const char *key, int from, uint64_t length) {
    struct folder *f = (struct folder *)store;
    char above[FILE_STORE_KEY_MAX + 1];
    struct stat written;
    enum err err = make_folders(f->fd, key);
    if (err != ERR_NONE) return err;
    folder_of(key, above);
    int fd = openat(f->fd, above, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) return err_from_errno(errno);
    if (lseek(from, 0, SEEK_SET) != 0) err = ERR_IO;
    if (err == ERR_NONE) err = copy(from, fd);
    if (err == ERR_NONE && (fstat(fd, &written) != 0 || (uint64_t)written.st_size != length)) err = ERR_IO;
    if (err == ERR_NONE && fsync(fd) != 0) err = err_from_errno(errno);
    if (err == ERR_NONE) err = name_file(f->fd, fd, key);
    if (err == ERR_NONE) err = sync_at(f->fd, above);
    close(fd);
    return err;
}

static enum err folder_get(struct file_store *store, const char *key, int to) {
    struct folder *f = (struct folder *)store;
    int fd = openat(f->fd, key, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return err_from_errno(errno);
    enum err err = copy(fd, to);
    close(fd);
    return err;
}

static enum err folder_remove(struct file_store *store, const char *key) {
    struct folder *f = (struct folder *)store;
    return unlinkat(f->fd, key, 0) == 0 || errno == ENOENT ? ERR_NONE : err_from_errno(errno);
}

struct file_store *file_store_folder_new(const char *folder, char ret_message[FILE_STORE_MESSAGE_BYTES]) {
    static const struct file_store_operations operations = {folder_free, folder_put, folder_get, folder_remove};
    enum err err = file_make_folder(folder, 0700);
    int fd = err == ERR_NONE ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0 || faccessat(fd, ".", W_OK, AT_EACCESS) != 0) {
        snprintf(ret_message, FILE_STORE_MESSAGE_BYTES, "the folder %.200s cannot be written", folder);
        if (fd >= 0) close(fd);
        return NULL;
    }
    struct folder *f = calloc(1, sizeof *f);
    must(f);
    *f = (struct folder){{&operations}, fd};
    return &f->store;
}
