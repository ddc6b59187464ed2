/* Addresses of the bus, and listening on a path that is safe to take over and safe to let go. */
#include "common/bus_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum err bus_check_address(struct bus *bus, const char *address) {
    size_t len = strlen(address);
    if (!strncmp(address, "ipc://", 6)) {
        if (address[6] != '/') return bus_fail(bus, ERR_INVALID, "%.120s: the path must begin with /", address);
        if (len - 6 > BUS_IPC_PATH_MAX)
            return bus_fail(bus, ERR_INVALID,
                            "%.120s...: the path has %zu bytes; the system allows a socket %d: use a shorter folder",
                            address, len - 6, BUS_IPC_PATH_MAX);
        return ERR_NONE;
    }
    if (len < BUS_ADDRESS_BYTES && (!strncmp(address, "tcp://", 6) || !strncmp(address, "inproc://", 9)))
        return ERR_NONE;
    return bus_fail(bus, ERR_INVALID, "%.120s: an address begins with ipc:///, tcp:// or inproc://", address);
}

/* Whoever may enter the folder may speak to the router: there is no other door check on one host. */
static enum err check_folder(struct bus *bus, const char *path) {
    char folder[BUS_IPC_PATH_MAX + 1];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    slash[slash == folder ? 1 : 0] = 0;
    struct stat stat_;
    if (stat(folder, &stat_)) return bus_fail(bus, err_from_errno(errno), "%s: %s", folder, strerror(errno));
    if (stat_.st_uid == geteuid() && (stat_.st_mode & 077) == 0) return ERR_NONE;
    return bus_fail(bus, ERR_REFUSED, "%s: the folder must be ours alone (chmod 700), it is %03o", folder,
                    (unsigned)stat_.st_mode & 0777);
}

enum err bus_listen(struct bus *bus, const char *path, struct bus_listener *ret_listener) {
    enum err err = check_folder(bus, path);
    if (err) return err;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, path, strlen(path)); /* its length was checked */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return bus_fail(bus, ERR_IO, "%s: %s", path, strerror(errno));
    struct stat stat_;
    unlink(path); /* stale, or of an owner that lost the lease: it keeps its connections, but gets no new ones */
    if (bind(fd, (struct sockaddr *)&name, sizeof name) || listen(fd, 128) || lstat(path, &stat_)) {
        err = bus_fail(bus, ERR_IO, "%s: %s", path, strerror(errno));
        close(fd);
        return err;
    }
    *ret_listener = (struct bus_listener){.fd = fd, .device = stat_.st_dev, .inode = stat_.st_ino};
    snprintf(ret_listener->path, sizeof ret_listener->path, "%s", path);
    return ERR_NONE;
}

void bus_listener_remove(struct bus_listener *listener) {
    struct stat stat_;
    if (!*listener->path || lstat(listener->path, &stat_)) return;
    if (stat_.st_dev == listener->device && stat_.st_ino == listener->inode) unlink(listener->path);
    *listener->path = 0;
}
