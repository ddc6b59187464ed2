/* A small JPEG of a picture, 320 pixels on its longer side, on white where it is clear. Scaling is libwebp's, which averages. */
#include "services/image/image.h"

#include <turbojpeg.h>
#include <webp/encode.h>

enum { QUALITY = 80 };

static bool write_jpeg(const WebPPicture *picture) {
    tjhandle jpeg = tjInitCompress();
    unsigned char *out = NULL;
    unsigned long length = 0;
    bool made = jpeg &&
                tjCompress2(jpeg, (const unsigned char *)picture->argb, picture->width, picture->argb_stride * 4,
                            picture->height, TJPF_BGRX, &out, &length, TJSAMP_420, QUALITY, 0) == 0 &&
                image_write(IMAGE_THUMBNAIL, out, length);
    if (jpeg) tjDestroy(jpeg);
    tjFree(out);
    return made;
}

bool thumbnail_write(const uint8_t *bgra, int width, int height, int stride) {
    WebPPicture picture;
    int longer = width > height ? width : height, to_width = width, to_height = height;
    if (longer > THUMBNAIL_SIDE) {
        to_width = (int)((int64_t)width * THUMBNAIL_SIDE / longer);
        to_height = (int)((int64_t)height * THUMBNAIL_SIDE / longer);
    }
    if (!WebPPictureInit(&picture)) return false;
    picture.use_argb = 1;
    picture.width = width;
    picture.height = height;
    bool made = WebPPictureImportBGRA(&picture, bgra, stride) &&
                WebPPictureRescale(&picture, to_width > 0 ? to_width : 1, to_height > 0 ? to_height : 1);
    if (made) WebPBlendAlpha(&picture, 0xffffff);
    made = made && write_jpeg(&picture);
    WebPPictureFree(&picture);
    return made;
}
