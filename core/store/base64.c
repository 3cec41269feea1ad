/*
** base64.c -- three bytes are four letters.
*/
#include "store/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct buf *to, str bytes)
{
    for (size_t at = 0; at < bytes.n; at += 3) {
        size_t left = bytes.n - at;
        uint32_t three = 0;
        for (size_t i = 0; i < 3; i++)
            three =
                three << 8 | (i < left ? (unsigned char)bytes.p[at + i] : 0u);
        char four[4] = {letters[three >> 18], letters[three >> 12 & 63],
                        left > 1 ? letters[three >> 6 & 63] : '=',
                        left > 2 ? letters[three & 63] : '='};
        buf_add(to, (str){four, 4});
    }
}

/* The six bits of a letter; 64 when it is none. */
static uint32_t bits_of(char c)
{
    const char *at = c != '\0' ? strchr(letters, c) : NULL;
    return at != NULL ? (uint32_t)(at - letters) : 64;
}

/* Four letters, of which the last two may be padding at the text's end. */
static bool read_four(struct buf *to, const char *four, bool last)
{
    int pad = last && four[3] == '=' ? four[2] == '=' ? 2 : 1 : 0;
    uint32_t three = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t bits = i < 4 - pad ? bits_of(four[i]) : 0;
        if (bits == 64)
            return false;
        three = three << 6 | bits;
    }
    char bytes[3] = {(char)(three >> 16), (char)(three >> 8), (char)three};
    buf_add(to, (str){bytes, (size_t)(3 - pad)});
    return (pad < 1 || (three & 0xff) == 0) &&
           (pad < 2 || (three & 0xffff) == 0);
}

bool base64_read(struct buf *to, str text)
{
    if (text.n % 4 != 0)
        return false;
    for (size_t at = 0; at < text.n; at += 4)
        if (!read_four(to, text.p + at, at + 4 == text.n))
            return false;
    return true;
}
