/* What goes out to people, as the notification service carries it. What goes when, together with what, and by which way next is
 * core/tell.h's to say.
 *     carriers.c        carriers and texts as the database has them
 *     letters_plan.c    notices whose time has come -> letters
 *     letter_mail.c     a letter as a mail
 *     letters_send.c    letters -> carriers
 *     letters_receipt.c receipts, and those that did not come
 *     carrier_sign.c    the signatures gateways ask for */
#ifndef NOTIFICATION_PEOPLE_H
#define NOTIFICATION_PEOPLE_H

#include "services/kit/carrier.h"
#include "services/kit/letter.h"
#include "services/notification/notification.h"

struct cJSON;

enum { CARRIER_SECRET_BYTES = 256 };

/* Of a letter l: the recipient's way behind the one it takes. */
#define LETTER_NEXT_WAY                                                                                                \
    "SELECT y.id, y.position, y.carrier FROM way y WHERE CASE WHEN l.person = 0 THEN y.unit = l.unit ELSE y.account "  \
    "= "                                                                                                               \
    "l.person END AND y.position > l.position ORDER BY y.position LIMIT 1"

struct carrier_row {
    int64_t id;
    struct cJSON *tree; /* settings borrows of it */
    struct carrier settings;
    char secret[CARRIER_SECRET_BYTES]; /* "" without */
    int64_t waiting;                   /* letters; counted anew with each load */
};

/* A letter under way. */
struct letter_row {
    struct letter_row *next;
    struct notification *n;
    struct db_group *group;
    int64_t id, way, carrier;
    int16_t position;
    int count; /* of its notices */
    struct tell_letter state;
    struct tell_way is;
    int64_t next_way, next_carrier; /* 0: there is none */
    int16_t next_position;
    enum language language;
    char address[256]; /* "": the way is gone */
    char reference[CARRIER_REFERENCE_BYTES];
};

struct people {
    struct db_group *load_group, *plan_group, *poll_group, *receipt_group;
    bool loading, planning, polling, receiving, changed;
    int64_t loaded_at, plan_at, poll_at, receipt_at; /* monotonic: when last, and when to look next */
    struct carrier_row *carriers;                    /* ascending by id */
    size_t carrier_count;
    struct template_text texts[TEMPLATE_COUNT][2]; /* own copies; NULL: as built in */
    struct letter_row *letters;                    /* under way */
    int under_way;
    struct arena arena; /* of one letter being written, of one load */
};

void people_open(struct notification *n);
void people_turn(struct notification *n); /* each tick */
void people_changed(struct notification *n);
bool people_are_done(const struct notification *n); /* nothing under way */
void people_close(struct notification *n);

void carriers_turn(struct notification *n);
void carriers_free(struct people *p);
struct carrier_row *carrier_by_id(struct notification *n, int64_t id);

void letters_plan(struct notification *n);
void letters_send(struct notification *n);
void letters_receive(struct notification *n);
bool letter_is_under_way(const struct people *p, int64_t id);
void letter_forget(struct letter_row *l);

/* The whole mail, head and all; `id` is the letter's constant one. */
void letter_mail(const char *from, const char *to, const char *id, const struct letter_said *said, time_ms now,
                 struct buffer *out);

/* Signs the request by the carrier's method: headers are added, "Name: value" in the arena; the URL may grow. False: it cannot be. */
bool carrier_sign_request(const struct carrier_row *carrier, struct carrier_request *request, time_ms now,
                          struct arena *arena, const char *headers[CARRIER_HEADERS_MAX], size_t *ret_count);

#endif
