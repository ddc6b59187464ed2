/* Failpoints of test builds; an empty file otherwise. The table is read from the environment at the first pass. */
#include "common/failpoint.h"

#ifdef PAIDAN_TEST_BUILD

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POINTS_MAX 32
#define NAME_BYTES 64

enum action { ACTION_KILL, ACTION_STOP, ACTION_EXIT, ACTION_ERROR, ACTION_COUNT };
static const char *const action_names[ACTION_COUNT] = {"kill", "stop", "exit", "error"};

static struct point {
    char name[NAME_BYTES];
    enum action action;
    int passes_left; /* acts when it reaches 0 */
    bool each_time;
} points[POINTS_MAX];
static int point_count = -1;

static _Noreturn void refuse(const char *text) {
    fprintf(stderr, "PAIDAN_FAILPOINTS: not understood: %s\n", text);
    abort();
}

static bool has_fired(const char *name) {
    const char *path = getenv("PAIDAN_FAILPOINTS_FIRED");
    FILE *file = path ? fopen(path, "re") : NULL;
    bool found = false;
    char line[256], fired[NAME_BYTES];
    while (file && !found && fgets(line, sizeof line, file))
        found = sscanf(line, "%63s", fired) == 1 && !strcmp(fired, name);
    if (file) fclose(file);
    return found;
}

static void record(const struct point *point) {
    const char *path = getenv("PAIDAN_FAILPOINTS_FIRED");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0) return;
    dprintf(fd, "%s %s %d\n", point->name, action_names[point->action], (int)getpid());
    close(fd);
}

/* name=action[:count] */
static void arm(const char *word) {
    char action[16] = "", count[16] = "1", rest[2];
    struct point point = {0};
    int got = sscanf(word, "%63[^=]=%15[a-z]:%15s%1s", point.name, action, count, rest);
    if (got < 2 || got > 3 || (got == 2 && word[strlen(word) - 1] == ':')) refuse(word);
    while (point.action < ACTION_COUNT && strcmp(action, action_names[point.action])) point.action++;
    point.each_time = !strcmp(count, "*");
    point.passes_left = point.each_time ? 1 : atoi(count);
    if (point.action == ACTION_COUNT || point.passes_left < 1) refuse(word);
    if (point_count == POINTS_MAX) refuse("too many points");
    if (point.each_time || !has_fired(point.name)) points[point_count++] = point;
}

static void read_environment(void) {
    point_count = 0;
    const char *text = getenv("PAIDAN_FAILPOINTS");
    char *copy = text ? strdup(text) : NULL, *rest;
    for (char *word = copy ? strtok_r(copy, " ,", &rest) : NULL; word; word = strtok_r(NULL, " ,", &rest)) arm(word);
    free(copy);
}

static enum err act(const struct point *point) {
    record(point);
    switch (point->action) {
    case ACTION_KILL:
        raise(SIGKILL);
        break;
    case ACTION_STOP:
        raise(SIGSTOP);
        break;
    case ACTION_EXIT:
        _exit(1);
    default:
        return ERR_IO;
    }
    return ERR_NONE;
}

enum err failpoint(const char *name) {
    if (point_count < 0) read_environment();
    for (int i = 0; i < point_count; i++) {
        struct point *point = &points[i];
        if (strcmp(point->name, name)) continue;
        if (point->passes_left > 0 && --point->passes_left == 0) {
            if (point->each_time) point->passes_left = 1;
            return act(point);
        }
        return ERR_NONE;
    }
    return ERR_NONE;
}

#else
typedef int failpoint_is_compiled_out; /* ISO C wants a declaration in every file */
#endif
