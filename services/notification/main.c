#include "services/notification/notification.h"

int main(int argc, char **argv) {
    return kit_main(argc, argv, &notification_service);
}
