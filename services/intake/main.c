#include "services/intake/intake.h"

int main(int argc, char **argv) {
    return kit_main(argc, argv, &intake_service);
}
