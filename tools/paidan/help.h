/* `paidan --help`, `paidan COMMAND --help`: written from the table of commands. */
#ifndef PAIDAN_HELP_H
#define PAIDAN_HELP_H

#include <stdio.h>

#include "tools/paidan/cli.h"

/* Of cli->command; of the commands that begin with cli->args[0]; or of all. */
void help_print(struct cli *cli, FILE *to);
/* Whether commands of two words begin with this one. */
bool help_has_group(const char *word);

#endif
