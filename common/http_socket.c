/* The unix socket file: made with its mode from the first moment, a dead one replaced, a living one respected. */
#include "common/http_internal.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* Whether somebody accepts there. */
static bool is_alive(const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return true; /* better to refuse than to take somebody's place */
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

static enum err clear_path(const struct sockaddr_un *address) {
    struct stat found;
    if (lstat(address->sun_path, &found) != 0) return errno == ENOENT ? ERR_NONE : err_from_errno(errno);
    if (!S_ISSOCK(found.st_mode) || is_alive(address)) return ERR_EXISTS;
    return unlink(address->sun_path) == 0 || errno == ENOENT ? ERR_NONE : err_from_errno(errno);
}

enum err http_socket_listen(const char *path, unsigned mode, int *ret_fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return ERR_INVALID;
    strcpy(address.sun_path, path);
    enum err err = clear_path(&address);
    if (err != ERR_NONE) return err;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return err_from_errno(errno);
    /* fchmod before bind, so that the file never has more rights than asked for; chmod after, as the umask takes some away */
    if (fchmod(fd, mode) != 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || chmod(path, mode) != 0 ||
        listen(fd, BACKLOG) != 0) {
        err = errno == EADDRINUSE ? ERR_EXISTS : err_from_errno(errno);
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return ERR_NONE;
}

enum err http_socket_remember(struct http *http) {
    struct stat found;
    if (lstat(http->socket_path, &found) != 0) return err_from_errno(errno);
    http->socket_device = found.st_dev;
    http->socket_inode = found.st_ino;
    return ERR_NONE;
}

/* Only ours: a successor may listen there by now. */
void http_socket_remove(struct http *http) {
    struct stat found;
    if (http->socket_inode != 0 && lstat(http->socket_path, &found) == 0 && found.st_dev == http->socket_device &&
        found.st_ino == http->socket_inode)
        unlink(http->socket_path);
    http->socket_inode = 0;
}
