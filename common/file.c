/* Whole small files. */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err read_all(int fd, char *bytes, size_t room, size_t *ret_len) {
    size_t len = 0;
    for (;;) {
        ssize_t got = read(fd, bytes + len, room - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_from_errno(errno);
        len += (size_t)got;
        if (got == 0) break;
        if (len == room) return ERR_TOO_LARGE;
    }
    *ret_len = len;
    return ERR_NONE;
}

enum err file_read(const char *path, size_t bytes_max, char **ret_bytes, size_t *ret_len) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_from_errno(errno);
    char *bytes = NULL;
    struct stat stat;
    enum err err = fstat(fd, &stat) ? ERR_IO : ERR_NONE;
    if (!err && S_ISDIR(stat.st_mode)) err = ERR_INVALID;
    /* a pipe has no size; a file may grow while it is read: one byte over the limit shows both */
    size_t room = !err && S_ISREG(stat.st_mode) && (size_t)stat.st_size < bytes_max ? (size_t)stat.st_size : bytes_max;
    if (!err && S_ISREG(stat.st_mode) && (size_t)stat.st_size > bytes_max) err = ERR_TOO_LARGE;
    if (!err && !(bytes = malloc(room + 2))) err = ERR_MEMORY;
    size_t len = 0;
    if (!err) err = read_all(fd, bytes, room + 1, &len);
    close(fd);
    if (err) {
        free(bytes);
        return err;
    }
    bytes[len] = 0;
    *ret_bytes = bytes;
    *ret_len = len;
    return ERR_NONE;
}

static enum err write_all(int fd, const char *bytes, size_t len) {
    while (len) {
        ssize_t put = write(fd, bytes, len);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return err_from_errno(errno);
        bytes += put;
        len -= (size_t)put;
    }
    return fsync(fd) ? ERR_IO : ERR_NONE;
}

static enum err sync_folder_of(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(folder, sizeof folder, ".");
    else
        snprintf(folder, sizeof folder, "%.*s", (int)(slash == path ? 1 : slash - path), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return err_from_errno(errno);
    int failed = fsync(fd);
    close(fd);
    return failed ? ERR_IO : ERR_NONE;
}

enum err file_write(const char *path, const void *bytes, size_t len, int mode) {
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.%d.new", path, (int)getpid()) >= (int)sizeof beside) return ERR_INVALID;
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) return err_from_errno(errno);
    enum err err = fchmod(fd, (mode_t)mode) ? ERR_IO : write_all(fd, bytes, len);
    if (close(fd) && !err) err = ERR_IO;
    if (!err && rename(beside, path)) err = err_from_errno(errno);
    if (err) {
        unlink(beside);
        return err;
    }
    return sync_folder_of(path);
}

enum err file_make_folder(const char *path, int mode) {
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part) return ERR_INVALID;
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != 0) continue;
        part[i] = 0;
        if (mkdir(part, (mode_t)mode) && errno != EEXIST) return err_from_errno(errno);
        part[i] = path[i];
    }
    struct stat stat_;
    if (stat(path, &stat_)) return err_from_errno(errno);
    return S_ISDIR(stat_.st_mode) ? ERR_NONE : ERR_EXISTS;
}
