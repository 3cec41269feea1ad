/*
** classes.c -- from bytes to the number of a character, and to its class.
*/
#include "kernel/tokens/classes.h"

#include "base/utf8.h"

/* clang-format off */
const uint8_t classes_ascii[128] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0,
    0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 0, 0, 0, 0,
    0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0, 0, 0, 0, 0,
};
/* clang-format on */

enum char_class class_first(str s, size_t *n)
{
    size_t len = utf8_len(s);
    *n = len > 0 ? len : 1;
    if (len == 0)
        return CLASS_OTHER;
    if (len == 1)
        return class_of((unsigned char)s.p[0]);
    uint32_t c = (unsigned char)s.p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
    return class_of(c);
}
