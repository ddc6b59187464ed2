/* Uploaded files that a push names ({"id": ...} in its attachments): whether each is there, whole, the pusher's own and free, or bound
 * already to this very request, whose push is repeated. Asked before the request is accepted; bound in the transaction that stores it,
 * which also notes what is given by address ({"url": ...}) and to be fetched. Not for uploading, fetching or giving out: that is the
 * console's. */
#ifndef INTAKE_FILES_H
#define INTAKE_FILES_H

#include "services/intake/said.h"

struct intake;

/* For `no` of files_asked_add a file is not to be had; `unknown`: the database did not answer, nothing is known. */
typedef void files_missing(void *context, int no);
typedef void files_done(void *context, bool unknown);

struct files_question;
/* One question about any number of requests; it lives until done. */
struct files_question *files_ask_new(struct intake *intake, int64_t user);
void files_ask_add(struct files_question *question, int no, const struct said *said);
/* missing for each that is, then done; later, never from inside. */
void files_ask(struct files_question *question, files_missing *missing, files_done *done, void *context);

/* Adds to the group that stores these requests what makes their files theirs; `at` is its time. A repeat changes nothing. */
void files_bind(struct db_group *db, const struct said *const *said, uint32_t count, time_ms at);

#endif
