/* What the files of endpoint*.c share. Not for others. */
#ifndef CONSOLE_ENDPOINTS_INNER_H
#define CONSOLE_ENDPOINTS_INNER_H

#include "common/crypto.h"
#include "services/console/call.h"

enum { ENDPOINT_EVENTS_MAX = 64, ENDPOINT_MATTERS_MAX = 32 };

struct cJSON;

/* As somebody asks for it. */
struct endpoint {
    int64_t id;
    const char *name, *url; /* url NULL: not given */
    uint32_t unit, source;
    int events[ENDPOINT_EVENTS_MAX], event_count;
    const char *matters[ENDPOINT_MATTERS_MAX];
    int matter_count;
    bool events_given, matters_given, paused, paused_given;
    char secret[CRYPTO_WEBHOOK_SECRET_BYTES];
};

/* {name} of the path; false: answered 404. */
bool endpoint_name(struct call *call, const char **ret_name);

/* Members of the body; what is wrong is noted (call_wrong). */
void endpoint_read_url(struct call *call, const struct cJSON *tree, struct endpoint *e);
void endpoint_read_whose(struct call *call, const struct cJSON *tree, struct endpoint *e);
void endpoint_read_events(struct call *call, const struct cJSON *tree, struct endpoint *e);
void endpoint_read_matters(struct call *call, const struct cJSON *tree, struct endpoint *e);
/* Once it is known which private networks are approved (networks_ask). False: answered. */
bool endpoint_check_url(struct call *call, const struct endpoint *e, const struct db_result *networks);

void endpoint_set_events(struct db_call *call, int number, const struct endpoint *e);
void endpoint_set_matters(struct db_call *call, int number, const struct endpoint *e);

/* A new secret into e->secret, sealed into the parameter. */
void endpoint_seal(const struct call *call, struct endpoint *e, struct db_call *to, int number);

#endif
