#include "bench/load/load.h"
void scenario_restart(struct load *load) {
    die("not yet");
}
