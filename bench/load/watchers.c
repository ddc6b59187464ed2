#include "bench/load/load.h"
void scenario_watchers(struct load *load) {
    die("not yet");
}
