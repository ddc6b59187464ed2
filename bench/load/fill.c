#include "bench/load/load.h"
void scenario_fill(struct load *load) {
    die("not yet");
}
