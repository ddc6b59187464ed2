/* The servers behind tests/fixture.h. They are children of the test; a second child, the janitor, waits at a pipe for the test
 * to end in whatever way, then ends what is left and removes the folder. */
#define _GNU_SOURCE
#include "tests/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

enum { START_TRIES = 3000, TRY_US = 10 * 1000, SERVERS = 2 };
enum { POSTGRES, REDIS };

static struct {
    char folder[64];
    char conninfo[256], conninfo_database[256], redis_socket[100], postgres_bin[128];
    const char *settings;
    volatile pid_t *pids; /* shared with the janitor */
    int janitor_pipe;
    pid_t janitor, owner;
    uid_t uid;
    gid_t gid;
    const char *user;
    bool initialised;
} fixture;

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "fixture: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(70);
}

/* ---- processes --------------------------------------------------------------------------------------------------- */

static void become_user(void) {
    if (geteuid() != 0) return;
    if (setgroups(0, NULL) != 0 || setgid(fixture.gid) != 0 || setuid(fixture.uid) != 0) _exit(71);
}

static pid_t spawn(const char *log, char *const argv[]) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture.folder, log);
    pid_t pid = fork();
    if (pid < 0) fail("fork: %s", strerror(errno));
    if (pid > 0) return pid;
    setsid();
    become_user();
    int out = open(path, O_CREAT | O_WRONLY | O_APPEND, 0644), in = open("/dev/null", O_RDONLY);
    if (out < 0 || in < 0) _exit(72);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    if (chdir(fixture.folder) != 0) _exit(73);
    unsetenv("LD_PRELOAD");
    execv(argv[0], argv);
    _exit(74);
}

static void show_log(const char *log) {
    char path[128], line[512];
    snprintf(path, sizeof path, "%s/%s", fixture.folder, log);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) fputs(line, stderr);
    if (file != NULL) fclose(file);
}

static void run(const char *log, char *const argv[]) {
    int status;
    pid_t pid = spawn(log, argv);
    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    show_log(log);
    fail("%s failed", argv[0]);
}

static bool has_ended(pid_t pid) {
    int status;
    if (waitpid(pid, &status, WNOHANG) == pid) return true;
    if (kill(pid, 0) != 0) return true;
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return true;
    bool zombie = fgets(line, sizeof line, file) != NULL && strstr(line, ") Z ") != NULL;
    fclose(file);
    return zombie;
}

/* SIGCONT first: a test may have stopped it. */
static void end(int server, int signal_number) {
    pid_t pid = fixture.pids[server];
    if (pid <= 0) return;
    kill(pid, SIGCONT);
    kill(pid, signal_number);
    for (int i = 0; i < 500 && !has_ended(pid); i++) usleep(TRY_US);
    if (!has_ended(pid)) kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fixture.pids[server] = 0;
}

static void sweep(void) {
    end(POSTGRES, SIGQUIT); /* an immediate shutdown */
    end(REDIS, SIGKILL);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", fixture.folder);
    if (system(command) != 0) fprintf(stderr, "fixture: %s is left behind\n", fixture.folder);
}

static void janitor(int pipe_end) {
    char byte;
    setsid();
    dup2(pipe_end, 3); /* hold nothing else of the test's open */
    close_range(4, ~0U, 0);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    close(null);
    while (read(3, &byte, 1) < 0 && errno == EINTR) continue;
    sweep();
    _exit(0);
}

static void choose_user(void) {
    const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : getpwuid(geteuid());
    if (user == NULL) user = getpwnam("nobody");
    if (user == NULL) fail("no unprivileged user to run PostgreSQL as");
    fixture.uid = user->pw_uid;
    fixture.gid = user->pw_gid;
    fixture.user = "postgres";
}

const char *fixture_folder(void) {
    if (fixture.folder[0] != '\0') return fixture.folder;
    choose_user();
    strcpy(fixture.folder, "/tmp/paidan-test-XXXXXX");
    if (mkdtemp(fixture.folder) == NULL) fail("mkdtemp: %s", strerror(errno));
    if (chmod(fixture.folder, 0755) != 0 || (geteuid() == 0 && chown(fixture.folder, fixture.uid, fixture.gid) != 0))
        fail("%s: %s", fixture.folder, strerror(errno));
    fixture.pids = mmap(NULL, SERVERS * sizeof(pid_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ends[2];
    if (fixture.pids == MAP_FAILED || pipe2(ends, O_CLOEXEC) != 0) fail("%s", strerror(errno));
    fixture.owner = getpid();
    fixture.janitor = fork();
    if (fixture.janitor < 0) fail("fork: %s", strerror(errno));
    if (fixture.janitor == 0) {
        close(ends[1]);
        janitor(ends[0]);
    }
    close(ends[0]);
    fixture.janitor_pipe = ends[1];
    atexit(fixture_done);
    return fixture.folder;
}

void fixture_done(void) {
    if (fixture.folder[0] == '\0' || getpid() != fixture.owner) return;
    end(POSTGRES, SIGQUIT);
    end(REDIS, SIGKILL);
    close(fixture.janitor_pipe); /* removes the folder */
    waitpid(fixture.janitor, NULL, 0);
    munmap((void *)fixture.pids, SERVERS * sizeof(pid_t));
    fixture.folder[0] = '\0';
    fixture.initialised = false;
}

/* ---- PostgreSQL -------------------------------------------------------------------------------------------------- */

static const char *postgres_program(const char *name) {
    static char path[192];
    if (fixture.postgres_bin[0] == '\0') {
        glob_t found;
        if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) != 0 || found.gl_pathc == 0)
            fail("no PostgreSQL server is installed");
        const char *newest = found.gl_pathv[found.gl_pathc - 1];
        snprintf(fixture.postgres_bin, sizeof fixture.postgres_bin, "%.*s", (int)(strrchr(newest, '/') - newest),
                 newest);
        globfree(&found);
    }
    snprintf(path, sizeof path, "%s/%s", fixture.postgres_bin, name);
    return path;
}

void fixture_postgres_settings(const char *lines) {
    fixture.settings = lines;
}

static void postgres_initialise(void) {
    char data[128], path[192];
    snprintf(data, sizeof data, "%s/data", fixture.folder);
    run("initdb.log",
        (char *[]){(char *)postgres_program("initdb"), "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                   "-U", (char *)fixture.user, "--no-sync", "--no-instructions", NULL});
    snprintf(path, sizeof path, "%s/postgresql.conf", data);
    FILE *file = fopen(path, "a");
    if (file == NULL) fail("%s: %s", path, strerror(errno));
    fprintf(file,
            "listen_addresses = ''\nunix_socket_directories = '%s'\nmax_connections = 100\nshared_buffers = 64MB\n"
            "max_wal_size = 1GB\nautovacuum_naptime = 10s\nlog_min_messages = warning\n%s\n",
            fixture.folder, fixture.settings != NULL ? fixture.settings : "");
    fclose(file);
    snprintf(fixture.conninfo, sizeof fixture.conninfo, "host=%s user=%s dbname=postgres", fixture.folder,
             fixture.user);
    fixture.initialised = true;
}

const char *fixture_postgres(void) {
    fixture_folder();
    if (!fixture.initialised) postgres_initialise();
    if (fixture.pids[POSTGRES] == 0) fixture_postgres_start();
    return fixture.conninfo;
}

void fixture_postgres_start(void) {
    char data[128];
    snprintf(data, sizeof data, "%s/data", fixture.folder);
    fixture.pids[POSTGRES] = spawn("postgres.log", (char *[]){(char *)postgres_program("postgres"), "-D", data, NULL});
    for (int i = 0; i < START_TRIES; i++) {
        if (PQping(fixture.conninfo) == PQPING_OK) return;
        if (has_ended(fixture.pids[POSTGRES])) break;
        usleep(TRY_US);
    }
    show_log("postgres.log");
    fail("PostgreSQL did not start");
}

void fixture_postgres_stop(void) {
    end(POSTGRES, SIGQUIT);
}

pid_t fixture_postgres_pid(void) {
    return fixture.pids[POSTGRES];
}

const char *fixture_database(const char *name) {
    PGconn *connection = PQconnectdb(fixture_postgres());
    PQclear(PQexec(connection, "SET client_min_messages = warning"));
    char sql[256];
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s WITH (FORCE)", name);
    PQclear(PQexec(connection, sql));
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'", name);
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) fail("%s", PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
    snprintf(fixture.conninfo_database, sizeof fixture.conninfo_database, "host=%s user=%s dbname=%s", fixture.folder,
             fixture.user, name);
    return fixture.conninfo_database;
}

/* ---- Redis ------------------------------------------------------------------------------------------------------- */

static bool redis_answers(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture.redis_socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char reply[8] = "";
    bool answers = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                   write(fd, "PING\r\n", 6) == 6 && read(fd, reply, sizeof reply - 1) >= 5 &&
                   strncmp(reply, "+PONG", 5) == 0;
    if (fd >= 0) close(fd);
    return answers;
}

void fixture_redis_start(void) {
    unlink(fixture.redis_socket);
    fixture.pids[REDIS] = spawn("redis.log", (char *[]){"/usr/bin/redis-server", "--port", "0", "--unixsocket",
                                                        fixture.redis_socket, "--unixsocketperm", "777", "--save", "",
                                                        "--appendonly", "no", "--enable-debug-command", "yes", NULL});
    for (int i = 0; i < START_TRIES; i++) {
        if (redis_answers()) return;
        if (has_ended(fixture.pids[REDIS])) break;
        usleep(TRY_US);
    }
    show_log("redis.log");
    fail("Redis did not start");
}

const char *fixture_redis(void) {
    fixture_folder();
    snprintf(fixture.redis_socket, sizeof fixture.redis_socket, "%s/redis.sock", fixture.folder);
    if (fixture.pids[REDIS] == 0) fixture_redis_start();
    return fixture.redis_socket;
}

void fixture_redis_stop(void) {
    end(REDIS, SIGKILL);
}

pid_t fixture_redis_pid(void) {
    return fixture.pids[REDIS];
}
