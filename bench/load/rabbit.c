#include "bench/load/load.h"
void scenario_rabbit(struct load *load) {
    die("not yet");
}
