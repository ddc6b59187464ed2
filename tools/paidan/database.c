/* See database.h. */
#include "tools/paidan/database.h"

#include <limits.h>
#include <stdlib.h>

const char *database_of(struct cli *cli, const char *role) {
    const char *given = cli_option(cli, "database");
    char real[PATH_MAX];
    if (!given) given = getenv("PAIDAN_DATABASE");
    if (given && *given) return given;
    const char *folder = cli_printf(cli, "%s/run", cli_var(cli));
    if (realpath(folder, real)) /* it may lead to a shorter path elsewhere */
        folder = real;
    else if (*folder != '/' && realpath(".", real)) /* libpq takes a relative one for a host's name */
        folder = cli_printf(cli, "%s/%s", real, folder);
    return cli_printf(cli, "host='%s/postgres' dbname=paidan user=%s", folder, role);
}

void database_say(const struct cli *cli, const struct db_blocking *db, enum err err) {
    const char *why = db ? db_blocking_message(db) : "";
    (void)cli_fail_why(cli, CLI_UNREACHABLE, "数据库不可用", "the database is not available",
                       *why ? why : err_name(err));
}
