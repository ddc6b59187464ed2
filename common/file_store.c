/* What every store shares: keys are checked before any of them sees one. See file_store.h. */
#include "common/file_store.h"

#include <stdbool.h>
#include <string.h>

#include "proto/must.h"

/* No way out of the folder, nothing a URL would read otherwise. */
static bool is_key(const char *key) {
    size_t length = strlen(key);
    return length > 0 && length <= FILE_STORE_KEY_MAX && key[0] != '/' && !strstr(key, "..") && !strstr(key, "//") &&
           strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._") == length;
}

void file_store_free(struct file_store **store) {
    if (*store) (*store)->operations->free(*store);
    *store = NULL;
}

enum err file_store_put(struct file_store *store, const char *key, int fd, uint64_t length) {
    must(is_key(key));
    return store->operations->put(store, key, fd, length);
}

enum err file_store_get(struct file_store *store, const char *key, int fd) {
    must(is_key(key));
    return store->operations->get(store, key, fd);
}

enum err file_store_remove(struct file_store *store, const char *key) {
    must(is_key(key));
    return store->operations->remove(store, key);
}
