/* Time, place and orientation from a photo's EXIF: offered to whoever sent it as a suggestion, never stored. Times without an offset are
 * taken as local (+08:00). See image.h. */
#include "services/image/image.h"

#include <ctype.h>
#include <libexif/exif-data.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static ExifEntry *entry_of(ExifData *data, ExifIfd ifd, ExifTag tag, ExifFormat format, unsigned long components) {
    ExifEntry *entry = exif_content_get_entry(data->ifd[ifd], tag);
    if (!entry || entry->format != format || entry->components < components || !entry->data) return NULL;
    return entry->size >= components * exif_format_get_size(format) ? entry : NULL;
}

static void copy_text(const ExifEntry *entry, char *ret_text, size_t size) {
    size_t length = strnlen((const char *)entry->data, entry->size);
    snprintf(ret_text, size, "%.*s", (int)(length < size ? length : size - 1), (const char *)entry->data);
}

/* Whether `text` is like the pattern, where 0 stands for a digit and + for a sign. */
static bool is_like(const char *text, const char *pattern) {
    for (; *pattern; text++, pattern++) {
        bool fits = *pattern == '0'   ? isdigit((unsigned char)*text)
                    : *pattern == '+' ? *text == '+' || *text == '-'
                                      : *text == *pattern;
        if (!fits) return false;
    }
    return *text == 0;
}

static void read_time(ExifData *data, struct look *look) {
    char taken[24] = "", offset[8] = "";
    ExifEntry *entry = entry_of(data, EXIF_IFD_EXIF, EXIF_TAG_DATE_TIME_ORIGINAL, EXIF_FORMAT_ASCII, 19);
    if (!entry) return;
    copy_text(entry, taken, sizeof taken);
    if (!is_like(taken, "0000:00:00 00:00:00") || !strncmp(taken, "0000", 4)) return;
    entry = entry_of(data, EXIF_IFD_EXIF, EXIF_TAG_OFFSET_TIME_ORIGINAL, EXIF_FORMAT_ASCII, 6);
    if (entry) copy_text(entry, offset, sizeof offset);
    if (!is_like(offset, "+00:00")) strcpy(offset, "+08:00");
    snprintf(look->occurred_at, sizeof look->occurred_at, "%.4s-%.2s-%.2sT%.8s%.6s", taken, taken + 5, taken + 8,
             taken + 11, offset);
}

/* Degrees, minutes and seconds, each a fraction. */
static bool read_degrees(ExifData *data, ExifTag tag, ExifTag side_tag, char negative, double max,
                         double *ret_degrees) {
    ExifEntry *entry = entry_of(data, EXIF_IFD_GPS, tag, EXIF_FORMAT_RATIONAL, 3);
    ExifEntry *side = entry_of(data, EXIF_IFD_GPS, side_tag, EXIF_FORMAT_ASCII, 1);
    double degrees = 0, unit = 1;
    if (!entry || !side) return false;
    for (int i = 0; i < 3; i++, unit *= 60) {
        ExifRational part = exif_get_rational(entry->data + 8 * i, exif_data_get_byte_order(data));
        if (part.denominator == 0) return false;
        degrees += (double)part.numerator / part.denominator / unit;
    }
    if (!(degrees <= max)) return false;
    *ret_degrees = side->data[0] == (unsigned char)negative ? -degrees : degrees;
    return true;
}

static void read_place(ExifData *data, struct look *look) {
    bool known =
        read_degrees(data, (ExifTag)EXIF_TAG_GPS_LATITUDE, (ExifTag)EXIF_TAG_GPS_LATITUDE_REF, 'S', 90, &look->lat) &&
        read_degrees(data, (ExifTag)EXIF_TAG_GPS_LONGITUDE, (ExifTag)EXIF_TAG_GPS_LONGITUDE_REF, 'W', 180, &look->lon);
    /* 0, 0 is what cameras write that do not know */
    look->has_place = known && (fabs(look->lat) > 1e-6 || fabs(look->lon) > 1e-6);
}

void exif_read(struct bytes in, struct look *look) {
    if (in.length > UINT32_MAX) return;
    ExifData *data = exif_data_new();
    if (!data) return;
    exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION); /* read, mend nothing */
    exif_data_load_data(data, in.at, (unsigned)in.length);
    ExifEntry *entry = entry_of(data, EXIF_IFD_0, EXIF_TAG_ORIENTATION, EXIF_FORMAT_SHORT, 1);
    int orientation = entry ? exif_get_short(entry->data, exif_data_get_byte_order(data)) : 0;
    look->orientation = orientation >= 1 && orientation <= 8 ? orientation : 0;
    read_time(data, look);
    read_place(data, look);
    exif_data_unref(data);
}
