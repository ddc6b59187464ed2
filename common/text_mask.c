/* What screens show instead of personal data. Masks say as little as is needed to tell two people on a list apart. */
#include "common/text.h"

#include <stdio.h>
#include <string.h>

void text_mask_phone(const char *bytes, size_t len, char ret_text[TEXT_MASK_BYTES]) {
    char digits[24];
    size_t count = 0;
    for (size_t i = 0; i < len && count < sizeof digits; i++)
        if (bytes[i] >= '0' && bytes[i] <= '9') digits[count++] = bytes[i];
    const char *from = digits;
    if (count == 13 && digits[0] == '8' && digits[1] == '6') { /* the country's prefix says nothing */
        from += 2;
        count -= 2;
    }
    if (count >= 11)
        snprintf(ret_text, TEXT_MASK_BYTES, "%.3s****%.4s", from, from + count - 4);
    else if (count >= 7)
        snprintf(ret_text, TEXT_MASK_BYTES, "****%.2s", from + count - 2);
    else
        snprintf(ret_text, TEXT_MASK_BYTES, "%s", len ? "****" : "");
}

void text_mask_name(const char *bytes, size_t len, char ret_text[TEXT_MASK_BYTES]) {
    struct span name = text_trim(bytes, len);
    if (name.len == 0)
        ret_text[0] = 0;
    else
        snprintf(ret_text, TEXT_MASK_BYTES, "%.*s**", (int)text_cut(name.at, name.len, 1), name.at);
}

void text_mask_document(const char *bytes, size_t len, char ret_text[TEXT_MASK_BYTES]) {
    bool is_ascii = true;
    for (size_t i = 0; i < len; i++) is_ascii = is_ascii && bytes[i] > 0x20 && bytes[i] < 0x7F;
    if (!is_ascii || len < 8 || len >= TEXT_MASK_BYTES) {
        snprintf(ret_text, TEXT_MASK_BYTES, "%s", len ? "****" : "");
        return;
    }
    memset(ret_text, '*', len);
    memcpy(ret_text, bytes, 3);
    memcpy(ret_text + len - 2, bytes + len - 2, 2);
    ret_text[len] = 0;
}
