/* Texts with places to fill in: how a letter reads, in Chinese and English. What stands in no list of values is refused when it is
 * written down, so nothing is found out only when it is sent. Plain text comes out; who puts it into JSON, a form or a mail escapes
 * it there (kit/carrier.h). Pure. */
#ifndef KIT_TEMPLATE_H
#define KIT_TEMPLATE_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/sentence.h"
#include "services/kit/template.def"

#define TEMPLATE_ENUM(NAME, ...) TEMPLATE_##NAME,
enum template_name { TEMPLATES(TEMPLATE_ENUM) TEMPLATE_COUNT };
#undef TEMPLATE_ENUM

enum { TEMPLATE_BODY_MAX = 2000, TEMPLATE_SUBJECT_MAX = 200, TEMPLATE_VALUES_MAX = 16 }; /* bytes */

struct template_text {
    const char *subject, *body;
};

struct template_value {
    const char *name, *value;
};

const char *template_code(enum template_name name);
/* False when there is none. */
bool template_by_code(const char *code, enum template_name *ret_name);
/* The values it takes, spaces between. */
const char *template_values(enum template_name name);
/* As it is built in. */
struct template_text template_built_in(enum template_name name, enum language language);

/* Whether the text can be used under that name: every {name} is one of its values, no brace stands alone (a brace itself is {{ or }}),
 * no control character but a line's end in a body. False: *ret_wrong says why; good until the next call. */
bool template_is_fit(enum template_name name, const char *text, bool lines_ok, struct sentence *ret_wrong);

/* Appends the text with the values; a name that is not among them leaves nothing. */
void template_render(const char *text, const struct template_value *values, int count, struct buffer *out);
/* NULL when there is none of that name. */
const char *template_value(const struct template_value *values, int count, const char *name, size_t len);

#endif
