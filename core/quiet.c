/* See quiet.h. */
#include "core/quiet.h"

#include "core/say.h"
#include "proto/must.h"

enum { HOUR = 60, DAY = 1440 };

static bool read_digits(const char *text, int *ret_number) {
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') return false;
    *ret_number = (text[0] - '0') * 10 + (text[1] - '0');
    return true;
}

static bool read_minute(const char *text, int16_t *ret_minute) {
    int hours, minutes;
    if (!read_digits(text, &hours) || text[2] != ':' || !read_digits(text + 3, &minutes)) return false;
    if (minutes >= HOUR || hours * HOUR + minutes > DAY) return false;
    *ret_minute = (int16_t)(hours * HOUR + minutes);
    return true;
}

bool quiet_parse(const char *text, size_t length, struct quiet *ret_quiet) {
    struct quiet quiet = {0, 0};
    if (length == 1 && text[0] == '-') {
        quiet.from = -1;
    } else if (length == 11) {
        if (text[5] != '-' || !read_minute(text, &quiet.from) || !read_minute(text + 6, &quiet.to)) return false;
        if (quiet.from == quiet.to || quiet.from == DAY) return false;
    } else if (length != 0) {
        return false;
    }
    *ret_quiet = quiet;
    return true;
}

static void say_minute(struct say *say, int16_t minute) {
    say_number(say, minute / HOUR, 2);
    say_text(say, ":");
    say_number(say, minute % HOUR, 2);
}

size_t quiet_format(struct quiet quiet, char *ret_text, size_t size) {
    must(size >= QUIET_TEXT_SIZE);
    struct say say;
    say_init(&say, ret_text, size);
    if (quiet.from < 0) {
        say_text(&say, "-");
    } else if (quiet.from != quiet.to) {
        say_minute(&say, quiet.from);
        say_text(&say, "-");
        say_minute(&say, quiet.to);
    }
    return say.length;
}
