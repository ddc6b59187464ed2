/* JPEG: written anew from its coefficients, so the picture keeps its quality to the bit while every marker but those of the picture
 * itself (EXIF, XMP, comments, a second file behind the end) stays behind. Upright: a turn by quarters is exact too, but for a
 * strip of less than a block at an edge that does not fill one. */
#include "services/image/image.h"

#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

/* What undoes each orientation of EXIF. */
static const int upright[9] = {TJXOP_NONE,      TJXOP_NONE,  TJXOP_HFLIP,      TJXOP_ROT180, TJXOP_VFLIP,
                               TJXOP_TRANSPOSE, TJXOP_ROT90, TJXOP_TRANSVERSE, TJXOP_ROT270};

/* Small irregularities are common in what cameras write and harm nobody; a picture that was cut does. */
static bool is_sound(tjhandle jpeg, int result) {
    return result == 0 || (tjGetErrorCode(jpeg) == TJERR_WARNING && !strstr(tjGetErrorStr2(jpeg), "remature end"));
}

static bool transform(struct bytes in, int orientation, struct bytes *ret_out) {
    tjhandle jpeg = tjInitTransform();
    unsigned char *out = NULL;
    unsigned long length = 0;
    tjtransform wanted = {.op = upright[orientation],
                          .options = TJXOPT_COPYNONE | (upright[orientation] != TJXOP_NONE ? TJXOPT_TRIM : 0)};
    bool sound =
        jpeg && is_sound(jpeg, tjTransform(jpeg, in.at, in.length, 1, &out, &length, &wanted, TJFLAG_LIMITSCANS));
    if (jpeg) tjDestroy(jpeg);
    *ret_out = (struct bytes){out, length};
    return sound && out && length > 0;
}

/* The largest eighth that is still no smaller than a thumbnail: the decoder leaves out what it would only shrink. */
static tjscalingfactor scale_of(int side) {
    tjscalingfactor best = {1, 1};
    int count;
    tjscalingfactor *factors = tjGetScalingFactors(&count);
    for (int i = 0; factors && i < count; i++)
        if (TJSCALED(side, factors[i]) >= THUMBNAIL_SIDE && factors[i].num * best.denom < best.num * factors[i].denom)
            best = factors[i];
    return best;
}

static bool make_thumbnail(tjhandle jpeg, struct bytes in, const struct look *look) {
    tjscalingfactor scale = scale_of(look->width < look->height ? look->width : look->height);
    int width = TJSCALED(look->width, scale), height = TJSCALED(look->height, scale);
    uint8_t *bgra = malloc((size_t)width * (size_t)height * 4);
    bool made = bgra &&
                is_sound(jpeg, tjDecompress2(jpeg, in.at, in.length, bgra, width, width * 4, height, TJPF_BGRA,
                                             TJFLAG_LIMITSCANS)) &&
                thumbnail_write(bgra, width, height, width * 4);
    free(bgra);
    return made;
}

void photo_jpeg(struct bytes in, struct look *look) {
    int width, height, sampling, colours;
    struct bytes out;
    tjhandle jpeg = tjInitDecompress();
    if (!jpeg || !is_sound(jpeg, tjDecompressHeader3(jpeg, in.at, in.length, &width, &height, &sampling, &colours)) ||
        !image_fits(look, width, height))
        return;
    exif_read(in, look);
    if (!transform(in, look->orientation, &out) ||
        tjDecompressHeader3(jpeg, out.at, out.length, &look->width, &look->height, &sampling, &colours) != 0)
        return;
    look->found = image_write(IMAGE_OUT, out.at, out.length) ? FOUND_PHOTO : FOUND_FAILED;
    look->thumbnail = make_thumbnail(jpeg, out, look);
}
