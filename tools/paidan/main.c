/* The program paidan; see cli.h. */
#include "tools/paidan/cli.h"

int main(int argc, char **argv) {
    return cli_main(argc, argv);
}
