/* paidan-image: reads one file that somebody sent and says what it is; a photo it writes anew, upright and without anything but the
 * picture, with a small one beside it. A process of its own for each file: decoders are where crafted files do harm, so
 * it holds nothing, reaches nothing (confine.c) and may simply die. The console starts it (services/console/attachment_look.c).
 *
 * Descriptors: 3 the file, 4 where what is kept is written, 5 the thumbnail. It prints one JSON object; without one, it died.
 *     {"found": "photo" | "paper" | "type" | "damaged" | "pixels" | "failed", "type": "image/jpeg", "width": 1, "height": 1,
 *      "thumbnail": true, "occurred_at": "2026-11-21T09:30:00+08:00", "lon": 123.76, "lat": 41.33}
 * The type is the content's own, whatever its name was. Not for access, storing or sizes in bytes. */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    IMAGE_IN = 3,
    IMAGE_OUT = 4,
    IMAGE_THUMBNAIL = 5,
    IMAGE_PIXELS_MAX = 50 * 1000 * 1000, /* of a picture: a phone's best, and what one process may hold */
    IMAGE_SIDE_MAX = 16383,              /* of either side */
    THUMBNAIL_SIDE = 320
};

enum found { FOUND_PHOTO, FOUND_PAPER, FOUND_TYPE, FOUND_DAMAGED, FOUND_PIXELS, FOUND_FAILED };

struct bytes {
    uint8_t *at;
    size_t length;
};

struct look {
    enum found found;
    char type[64];
    int width, height;
    bool thumbnail;
    char occurred_at[40]; /* RFC 3339; "" unknown */
    bool has_place;
    double lon, lat;
    int orientation; /* EXIF's 1 to 8; 0: not told */
};

/* Whether so many pixels may be decoded; more than that, look->found says so. */
bool image_fits(struct look *look, int width, int height);
/* Everything or false. */
bool image_write(int fd, const void *bytes, size_t length);

/* Each fills found, width, height and thumbnail, and writes to IMAGE_OUT and IMAGE_THUMBNAIL. */
void photo_jpeg(struct bytes in, struct look *look);
void photo_png(struct bytes in, struct look *look);
void photo_webp(struct bytes in, struct look *look);

/* From rows of BGRA; false: there is none, which is no fault of the photo. */
bool thumbnail_write(const uint8_t *bgra, int width, int height, int stride);

/* When, where and how it was taken, of a JPEG; nothing when it does not say. */
void exif_read(struct bytes in, struct look *look);

/* From here on: so much memory, so much processor, no new descriptors, no system calls but reading, writing and memory. */
void confine_resources(void);
void confine_calls(void);

#endif
