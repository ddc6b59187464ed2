/* What a letter to somebody says (rule N8): of one notice or of several, in one language, by the texts of kit/template.h. The service that
 * sends letters and the console that shows what one would look like say the same by it. Pure. */
#ifndef KIT_LETTER_H
#define KIT_LETTER_H

#include "common/arena.h"
#include "services/kit/reference.h"
#include "services/kit/template.h"

enum { LETTER_LINES_MAX = 10 }; /* notices that a digest names; the others are counted */

struct letter_notice {
    int type, rung, stage; /* of the event; 0: none */
    bool reminder;
    uint32_t about; /* unit */
    int64_t ticket;
    time_ms at;
};

struct letter_said {
    enum template_name template_;
    struct template_value values[TEMPLATE_VALUES_MAX]; /* subject and text among them */
    int count;
    const char *subject, *text;
};

/* notices: the first of `total`, at most LETTER_LINES_MAX; texts: by enum template_name, in that language. All of it lies in the arena.
 * False: no memory. */
bool letter_say(const struct reference *reference, const struct letter_notice *notices, int count, int total,
                const struct template_text *texts, enum language language, struct arena *arena,
                struct letter_said *ret_said);

#endif
