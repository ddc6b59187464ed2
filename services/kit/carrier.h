/* What carries letters to people: an SMS gateway or a chat group's robot by HTTP, a mail server by SMTP. How one is spoken to is data,
 * a JSON file: docs/people.md is its manual, docs/examples/carriers/ has files for gateways of known shapes. Here it is read and
 * checked, a letter is put into it, and its answers and receipts are understood. Nothing is sent or signed here (services/notification),
 * nothing kept (services/console/carriers.c). Pure. */
#ifndef KIT_CARRIER_H
#define KIT_CARRIER_H

#include "common/arena.h"
#include "common/buffer.h"
#include "core/tell.h"
#include "services/kit/template.h"

struct cJSON;

enum {
    CARRIER_BYTES_MAX = 16384,
    CARRIER_ID_BYTES = 48,
    CARRIER_REFERENCE_BYTES = 80,
    CARRIER_RECEIPTS_MAX = 500,
    CARRIER_HEADERS_MAX = 16
};

enum carrier_sign {
    CARRIER_SIGN_NONE,
    CARRIER_SIGN_BEARER,
    CARRIER_SIGN_ACS3,
    CARRIER_SIGN_TC3,
    CARRIER_SIGN_DINGTALK
};

/* Borrowed from the tree. */
struct carrier {
    uint8_t kind; /* enum carrier_kind */
    const char *url;
    int64_t confirm_ms; /* how long a receipt is waited for; 0: it gives none */
    /* SMS and robots */
    const struct cJSON *headers, *body, *codes, *taken, *receipts; /* NULL: none */
    bool is_form;
    enum carrier_sign sign;
    const char *sign_key, *sign_service;
    /* mail */
    const char *from, *user;
    bool plain; /* without TLS: a relay in a network of one's own */
};

/* Told of each mistake: status 400 (form) or 422 (value), an RFC 6901 pointer, a sentence. In the arena. */
typedef void carrier_wrong(void *context, int status, const char *pointer, const char *zh, const char *en);

/* False after at least one mistake was told. The address itself is for common/weburl.h to judge. */
bool carrier_read(const struct cJSON *tree, struct arena *arena, carrier_wrong *wrong, void *context,
                  struct carrier *ret_carrier);
/* Whether it needs a secret: to sign with, or the password of a mail server. */
bool carrier_needs_secret(const struct carrier *carrier);
/* Whether an address can be one of its kind: a telephone number, a mailbox, a robot's key. No control characters or spaces. */
bool carrier_address_is_fit(int kind, const char *address, struct sentence *ret_wrong);

/* The constant id of a letter by one way, as carriers are given it and receipts name it. */
void carrier_id(int64_t letter, int64_t way, char ret_id[CARRIER_ID_BYTES]);

/* A letter as an HTTP carrier is asked to take it, not signed yet. */
struct carrier_request {
    struct buffer url, body;
    const char *content_type;
};
/* values: those of the letter (kit/template.def), and text, subject, id, address, code. Appends. */
void carrier_compose(const struct carrier *carrier, const struct template_value *values, int count,
                     struct carrier_request *ret_request);
/* Its headers, "Name: value" in the arena: the content type, and those of its settings. False: no memory. */
bool carrier_headers(const struct carrier *carrier, const char *content_type, const char *id, struct arena *arena,
                     const char *ret_headers[CARRIER_HEADERS_MAX], size_t *ret_count);
/* The carrier's own code of a template; "" without. */
const char *carrier_code(const struct carrier *carrier, enum template_name name);
/* Percent-encoding of RFC 3986: all but letters, digits and -._~ */
void carrier_percent(const char *text, struct buffer *out);

/* What its answer means: taken, refused, or failed (try again). */
enum tell_event carrier_answer(const struct carrier *carrier, int status, const void *body, size_t len,
                               char ret_reference[CARRIER_REFERENCE_BYTES]);

struct carrier_receipt {
    enum tell_event event;
    int64_t letter, way;          /* 0: it names its own number alone */
    const char *reference, *said; /* in the tree, or "" */
};
/* The receipts in a body of its; those that say nothing final are left out. -1: it is no list of receipts, or too long. */
int carrier_receipts(const struct carrier *carrier, const struct cJSON *body, struct arena *arena,
                     struct carrier_receipt *ret_receipts);

#endif
