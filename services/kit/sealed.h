/* Where each sealed field lies, named once, so that who seals and who opens agree (common/crypto.h binds a value to its place). */
#ifndef KIT_SEALED_H
#define KIT_SEALED_H

#include "common/crypto.h"

/* Personal fields of a request; row is the request number. */
#define SEALED_NAME(request)     ((struct crypto_place){"request", "name", (request)})
#define SEALED_PHONE(request)    ((struct crypto_place){"request", "phone", (request)})
#define SEALED_DOCUMENT(request) ((struct crypto_place){"request", "document", (request)})
/* A webhook's secret, as its text "whsec_..."; row is the endpoint's id, given out by the sequence before it is sealed. */
#define SEALED_SECRET(endpoint) ((struct crypto_place){"endpoint", "secret", (endpoint)})

/* Purpose of the blind index of phone numbers (digits only, with country code). */
#define INDEX_PHONE "phone"

#endif
