/*
** letters.c -- which edges are torn, and the letters between those that are not.
**
** Any three bytes of the form are a letter here, whether or not there is one: it
** is bytes that are merged.
*/
#include "kernel/tokens/letters.h"

static bool begins(char c)
{
    return (c & 0xf0) == 0xe0;
}

static bool goes_on(char c)
{
    return (c & 0xc0) == 0x80;
}

static bool is_letter(const char *p)
{
    return begins(p[0]) && goes_on(p[1]) && goes_on(p[2]);
}

/* The highest rank of the two merges that make a letter; RANK_NONE when it is
** not made. */
static uint32_t made_at(const struct ranks *r, const char *p)
{
    uint32_t front = ranks_pair(r, p), back = ranks_pair(r, p + 1);
    uint32_t pair = front < back ? front : back;
    uint32_t whole = ranks_find(r, (str){p, LETTER});
    return pair > whole ? pair : whole;
}

/* --- learning --------------------------------------------------------------- */

/* Might a token of this rank, with this part of a letter or all of it at one
** end, be made before the letter? */
static bool early(const struct ranks *r, str part, uint32_t rank)
{
    return part.n < LETTER || made_at(r, part.p) > rank;
}

static bool tears(const struct ranks *r, str token, size_t edge, uint32_t rank)
{
    str left = {token.p, edge}, right = str_from(token, edge);
    bool of_letter = begins(*token.p) || goes_on(*token.p);
    return (right.n <= LETTER && early(r, right, rank)) ||
           (left.n <= LETTER && of_letter && early(r, left, rank));
}

void letters_learn(struct ranks *r)
{
    for (uint32_t rank = 0; rank < r->n; rank++) {
        str token = ranks_bytes(r, rank);
        for (size_t i = 1; i < token.n; i++)
            if (begins(token.p[i]) && tears(r, token, i, rank))
                r->torn[(unsigned char)token.p[i - 1]] |=
                    (uint16_t)(1u << (token.p[i] & 15));
    }
}

/* --- asking ----------------------------------------------------------------- */

static bool torn(const struct ranks *r, const char *edge)
{
    return r->torn[(unsigned char)edge[-1]] >> (edge[0] & 15) & 1;
}

bool letters_made(const struct ranks *r, str text, size_t at)
{
    const char *p = text.p + at, *next = p + LETTER;
    size_t left = text.n - at;
    if (left < LETTER || !is_letter(p) || (at > 0 && torn(r, p)))
        return false;
    if (left > LETTER && (!begins(*next) || torn(r, next)))
        return false;
    return made_at(r, p) != RANK_NONE;
}
