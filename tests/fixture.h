/* A private, throw-away PostgreSQL and Redis for tests, on unix sockets in a folder of their own: nothing is shared with
 * another test binary running at the same time, nothing is left behind, also when the test crashes. As root the servers run as
 * an unprivileged user. Each is started at first use; a failure to start ends the test binary with a message. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <sys/types.h>

/* The folder (mkdtemp), for a test's own sockets and files. */
const char *fixture_folder(void);

/* "host=... user=... dbname=postgres": superuser, encoding UTF8, locale C.UTF-8. Durable settings (fsync on) though the data
 * lies in a temporary folder; max_connections 100. */
const char *fixture_postgres(void);
/* Extra lines for postgresql.conf; before the first fixture_postgres(). Borrowed. */
void fixture_postgres_settings(const char *lines);
pid_t fixture_postgres_pid(void); /* the postmaster */
void fixture_postgres_stop(void); /* pg_ctl stop -m immediate */
void fixture_postgres_start(void);
/* A fresh, empty database; returns its conninfo, good until the next call. */
const char *fixture_database(const char *name);

/* The path of the socket. */
const char *fixture_redis(void);
pid_t fixture_redis_pid(void);
void fixture_redis_stop(void); /* loses all data */
void fixture_redis_start(void);

/* Stops everything and removes the folder; also done at exit. */
void fixture_done(void);

#endif
