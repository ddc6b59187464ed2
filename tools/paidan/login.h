/* Whom a command speaks for: a token given, or an account or token of accounts.json, or a password asked for. Not for what they
 * may do: the server decides that. */
#ifndef PAIDAN_LOGIN_H
#define PAIDAN_LOGIN_H

#include "tools/paidan/cli.h"

/* Finds the server and, unless the command needs none, the credentials; said when it cannot. Called by door_send. */
enum cli_exit login_begin(struct cli *cli);
/* Signs off when it signed on. */
void login_end(struct cli *cli);
/* The server's address alone. */
const char *login_url(struct cli *cli);

#endif
