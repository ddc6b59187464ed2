#include "services/router/router.h"

int main(int argc, char **argv) {
    return kit_main(argc, argv, &router_service);
}
