/* PNG: decoded and written anew, so nothing but the pixels goes on. See image.h. */
#include "services/image/image.h"

#include <png.h>
#include <stdlib.h>

static bool encode(const uint8_t *bgra, const png_image *like) {
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = like->width, .height = like->height, .format = PNG_FORMAT_BGRA};
    png_alloc_size_t room = PNG_IMAGE_PNG_SIZE_MAX(image), length = room;
    uint8_t *out = malloc(room);
    bool made =
        out && png_image_write_to_memory(&image, out, &length, 0, bgra, 0, NULL) && image_write(IMAGE_OUT, out, length);
    free(out);
    return made;
}

void photo_png(struct bytes in, struct look *look) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, in.at, in.length)) return;
    int width = image.width > IMAGE_SIDE_MAX ? IMAGE_SIDE_MAX + 1 : (int)image.width;
    int height = image.height > IMAGE_SIDE_MAX ? IMAGE_SIDE_MAX + 1 : (int)image.height;
    uint8_t *bgra = NULL;
    image.format = PNG_FORMAT_BGRA;
    if (image_fits(look, width, height)) bgra = malloc(PNG_IMAGE_SIZE(image));
    if (bgra && png_image_finish_read(&image, NULL, bgra, 0, NULL)) {
        look->found = encode(bgra, &image) ? FOUND_PHOTO : FOUND_FAILED;
        look->thumbnail = thumbnail_write(bgra, width, height, width * 4);
    }
    png_image_free(&image);
    free(bgra);
}
