#include "services/console/console.h"
#include "services/console/door.h"

int main(int argc, char **argv) {
    struct service service = console_service;
    service.routes = doors_http();
    return kit_main(argc, argv, &service);
}
