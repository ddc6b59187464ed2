/* Answers of Open311 GeoReport v2 in both of its formats from one set of calls: XML by libxml2, JSON by the standard's mapping of it
 * (a list element becomes an array of its children, the root a bare array or object). Also its error form. What is asked and told is
 * the business of the services; this only writes. */
#ifndef KIT_OPEN311_H
#define KIT_OPEN311_H

#include "common/http.h"
#include "common/json_writer.h"
#include "core/world.h"

/* Paths begin with it. */
#define OPEN311_BASE "/open311/v2/"

/* A service is a matter that residents may see, its code the matter's six digits. NULL: no such code, or no service. */
bool open311_is_service(const struct matter *matter);
const struct matter *open311_service(const struct world *world, const char *code, size_t length);

enum open311_format { OPEN311_XML, OPEN311_JSON };

/* By the path's ending; ret_length: of the text before it. False: neither. */
bool open311_format_of(const char *text, enum open311_format *ret_format, size_t *ret_length);

struct open311 {
    enum open311_format format;
    struct buffer *to; /* borrowed */
    struct json_writer json;
    void *writer, *bytes; /* libxml2's */
};

/* The buffer is cleared. */
void open311_begin(struct open311 *o, enum open311_format format, struct buffer *to);
/* Ends and, when request is not NULL, answers it. */
void open311_end(struct open311 *o);
void open311_answer(struct open311 *o, struct http_request *request, int status);

/* <services> or "services": [ ; the outermost one has no key in JSON */
void open311_list(struct open311 *o, const char *name);
void open311_list_end(struct open311 *o);
/* <service> or { inside a list; a single object, or one under its name, when not inside a list */
void open311_item(struct open311 *o, const char *name);
void open311_item_end(struct open311 *o);

/* Text must be UTF-8; what XML cannot hold becomes U+FFFD. NULL or empty: an empty element, or null. */
void open311_text(struct open311 *o, const char *name, const char *text, size_t length);
void open311_string(struct open311 *o, const char *name, const char *text);
void open311_bool(struct open311 *o, const char *name, bool value);
void open311_int(struct open311 *o, const char *name, int64_t value);
void open311_double(struct open311 *o, const char *name, double value);
void open311_time(struct open311 *o, const char *name, int64_t time); /* whole seconds; 0: empty */

/* The standard's errors. Sets Retry-After for 503. */
void open311_fail(struct http_request *request, enum open311_format format, int status, const char *description);

#endif
