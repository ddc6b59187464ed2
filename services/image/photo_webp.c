/* WebP: decoded and written anew. Pictures that move are not taken: who looks at a thumbnail must see all there is. See image.h. */
#include "services/image/image.h"

#include <stdlib.h>
#include <webp/decode.h>
#include <webp/encode.h>

enum { QUALITY = 90 };

void photo_webp(struct bytes in, struct look *look) {
    WebPBitstreamFeatures features;
    uint8_t *out = NULL;
    if (WebPGetFeatures(in.at, in.length, &features) != VP8_STATUS_OK) return;
    if (features.has_animation) {
        look->found = FOUND_TYPE;
        return;
    }
    if (!image_fits(look, features.width, features.height)) return;
    int stride = features.width * 4;
    size_t room = (size_t)stride * (size_t)features.height;
    uint8_t *bgra = malloc(room);
    if (bgra && WebPDecodeBGRAInto(in.at, in.length, bgra, room, stride)) {
        size_t length = features.format == 2
                            ? WebPEncodeLosslessBGRA(bgra, features.width, features.height, stride, &out)
                            : WebPEncodeBGRA(bgra, features.width, features.height, stride, QUALITY, &out);
        look->found = length > 0 && image_write(IMAGE_OUT, out, length) ? FOUND_PHOTO : FOUND_FAILED;
        look->thumbnail = thumbnail_write(bgra, features.width, features.height, stride);
    }
    WebPFree(out);
    free(bgra);
}
