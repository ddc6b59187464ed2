#include "services/escalation/escalation.h"

int main(int argc, char **argv) {
    return kit_main(argc, argv, &escalation_service);
}
