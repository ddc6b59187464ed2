/* PostgreSQL, for the two things that go round the server: verify and setup-code. As the operating system's user, over the socket of the
 * copy on this machine, unless PAIDAN_DATABASE says otherwise. */
#ifndef PAIDAN_DATABASE_H
#define PAIDAN_DATABASE_H

#include "common/db_blocking.h"
#include "tools/paidan/cli.h"

/* --database, PAIDAN_DATABASE, or the socket below cli_var(), with this role. In the arena. */
const char *database_of(struct cli *cli, const char *role);
/* Why it failed, on stderr. */
void database_say(const struct cli *cli, const struct db_blocking *db, enum err err);

#endif
