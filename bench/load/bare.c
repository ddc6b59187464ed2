#include "bench/load/load.h"
void scenario_bare(struct load *load) {
    die("not yet");
}
