/* The simulated PostgreSQL as its clients meet it: backends that work off what was sent to them in order, also after the client
 * has gone, the lock on the shard's row, restarts, and all the ways a commit's end can be missed. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "tests/sim/disk.h"
#include "tests/sim/machine.h"

struct job {
    struct job *next;
    enum db_group_kind kind;
    int call_count;
    struct db_call **calls; /* the job's own */
    uint32_t backend;
    uint64_t sent; /* the client's number for it */
    bool begun, lose_answer;
    struct transaction transaction;
    /* the end */
    enum err err;
    char sqlstate[6], message[120];
    int failed_call;
    struct db_result **results;
};

void job_free(struct job *job);

bool server_is_up(void);
/* A new backend for a client's connection; its number is the pid. on_reply and on_lost are called as the client's events. */
uint32_t server_connect(struct proc *proc, uint32_t client);
/* Takes the job over. */
void server_send(uint32_t backend, struct job *job);
/* The client is gone, or gives the connection up. */
void server_hang_up(uint32_t backend);
void server_restart(int64_t away_us);
void server_fill_disk(bool full);
void server_heal(void); /* what was stopped goes on */
/* The backend named in shard.holder lives and is not `except`. */
bool server_is_alive(uint32_t backend);
void server_terminate(uint32_t backend);
int64_t server_oldest_xid(void);
/* Whether some transaction of somebody else than `except` holds the lock on the shard's row. */
bool server_shard_is_locked(uint32_t except);
void server_done(void);

/* fake_db.c: what reaches the client. The job is the callee's to free. */
void fake_db_reply(uint32_t client, uint32_t backend, struct job *job);
void fake_db_lost(uint32_t client, uint32_t backend);

#endif
