/* Keeps table `figure` behind the event log: reads what was committed since, counts it (services/kit/tally.h), and stores the sums
 * with the place it has come to in one transaction, so that each event counts once, whoever keeps them and however often
 * that fails. Never in anybody's way: bounded turns, a connection of its own, rests longer than it works. When the organisation or
 * a formula changes (rules F11, F12) it begins again at the first event.
 *
 * Not for answering (figures.c). Several consoles may run: whoever comes second is refused by figure_advance and reads again. */
#ifndef CONSOLE_FIGURES_KEEP_H
#define CONSOLE_FIGURES_KEEP_H

#include "services/console/console.h"

struct figures_keeper;

struct figures_keeper *figures_keeper_new(struct console *console);
void figures_keeper_free(struct figures_keeper **keeper);
/* Somebody waits for figures: look at once, and do not rest until the end of the log is reached. */
void figures_keeper_wake(struct figures_keeper *keeper);
/* Begin again at the first event: an administrator asks. */
void figures_keeper_restart(struct figures_keeper *keeper);

#endif
