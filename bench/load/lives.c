#include "bench/load/load.h"
void scenario_lives(struct load *load) {
    die("not yet");
}
