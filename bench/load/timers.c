#include "bench/load/load.h"
void scenario_timers(struct load *load) {
    die("not yet");
}
