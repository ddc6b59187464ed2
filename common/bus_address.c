/* Addresses of the bus: what a socket can have, and who may come near it. */
#include "common/bus_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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
enum err bus_check_folder(struct bus *bus, const char *path) {
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
