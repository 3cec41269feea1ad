/*
** bpe.c -- merging the bytes of a piece.
**
** Parts are known by where they begin. At first they are bytes, and letters
** where letters.h has nothing against it. The ranks stand in blocks of eight,
** and the lowest of each block beside them, so that the next merge is found by
** looking at the blocks and then at one of them.
*/
#include "kernel/tokens/bpe.h"

#include "base/err.h"
#include "base/mem.h"
#include "kernel/tokens/letters.h"

#define WINDOW (2 * RANKS_LONGEST) /* bytes; two tokens must fit */
#define NEAR   16                  /* to its end: the first try to cut it */
#define BLOCK  8

/* Room for windows of that many bytes, in words. */
#define ROOM(size) (3 * ((size) + BLOCK) + (size) / BLOCK + 1)

/* Bytes divided into parts. */
struct parts {
    str text;
    uint32_t n;            /* parts */
    uint32_t *next, *prev; /* where a part's neighbours begin; its length is the
                              last one's next */
    uint32_t *rank;        /* of what a part and the next one would make */
    uint32_t *low;         /* the lowest of each block of these */
};

static void lay_out(struct parts *a, uint32_t *room, size_t size)
{
    a->next = room;
    a->prev = a->next + size + BLOCK;
    a->rank = a->prev + size + BLOCK;
    a->low = a->rank + size + BLOCK;
}

static str part(const struct parts *a, uint32_t i)
{
    return (str){a->text.p + i, a->next[i] - i};
}

static uint32_t joined(const struct bpe *b, const struct parts *a, uint32_t i)
{
    uint32_t second = a->next[i];
    if (second == a->text.n)
        return RANK_NONE;
    return ranks_find(b->ranks, (str){a->text.p + i, a->next[second] - i});
}

static void look_at_block(struct parts *a, uint32_t block)
{
    const uint32_t *rank = a->rank + (size_t)block * BLOCK;
    uint32_t least = rank[0];
    for (int i = 1; i < BLOCK; i++)
        least = rank[i] < least ? rank[i] : least;
    a->low[block] = least;
}

/* The part that is to be joined with its next: the first of the lowest. */
static uint32_t lowest(const struct parts *a, uint32_t blocks)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < blocks; i++)
        if (a->low[i] < a->low[best])
            best = i;
    uint32_t i = best * BLOCK;
    while (a->rank[i] != a->low[best])
        i++;
    return i;
}

static void join(const struct bpe *b, struct parts *a, uint32_t i)
{
    uint32_t gone = a->next[i], before = a->prev[i];
    a->next[i] = a->next[gone];
    a->prev[a->next[gone]] = i;
    a->rank[gone] = RANK_NONE;
    a->rank[i] = joined(b, a, i);
    if (i > 0)
        a->rank[before] = joined(b, a, before);
    a->n--;
    look_at_block(a, i / BLOCK);
    if (gone / BLOCK != i / BLOCK)
        look_at_block(a, gone / BLOCK);
    if (before / BLOCK != i / BLOCK)
        look_at_block(a, before / BLOCK);
}

/* Make the letters that may be made at once. Were there any? */
static bool make_letters(const struct bpe *b, struct parts *a)
{
    uint32_t bytes = a->n;
    for (uint32_t i = 0; i < bytes; i++) {
        if (!letters_whole(b->ranks, a->text, i))
            continue;
        a->next[i] = i + LETTER;
        a->prev[i + LETTER] = i;
        a->rank[i + 1] = a->rank[i + 2] = RANK_NONE;
        a->n -= LETTER - 1;
        i += LETTER - 1;
    }
    return a->n < bytes;
}

/* What a letter and the part before it or behind it would make. */
static void look_beside_letters(const struct bpe *b, struct parts *a)
{
    for (uint32_t i = 0; i < a->text.n; i = a->next[i])
        if (a->next[a->next[i]] > i + 2)
            a->rank[i] = joined(b, a, i);
}

static uint32_t begin(const struct bpe *b, struct parts *a, str text)
{
    uint32_t n = (uint32_t)text.n, blocks = (n + BLOCK - 1) / BLOCK;
    a->text = text;
    a->n = n;
    for (uint32_t i = 0; i <= n; i++) {
        a->next[i] = i + 1;
        a->prev[i] = i > 0 ? i - 1 : 0;
    }
    for (uint32_t i = 0; i + 1 < n; i++)
        a->rank[i] = ranks_pair(b->ranks, text.p + i);
    for (uint32_t i = n - 1; i < blocks * BLOCK; i++)
        a->rank[i] = RANK_NONE;
    if (make_letters(b, a))
        look_beside_letters(b, a);
    for (uint32_t i = 0; i < blocks; i++)
        look_at_block(a, i);
    return blocks;
}

static void merge(struct bpe *b, struct parts *a, str text)
{
    uint32_t blocks = begin(b, a, text), i = lowest(a, blocks);
    b->steps += text.n;
    while (a->rank[i] != RANK_NONE) {
        join(b, a, i);
        b->steps += blocks + 3 * BLOCK;
        i = lowest(a, blocks);
    }
}

/* The parts before `end` are tokens. */
static void count(struct bpe *b, const struct parts *a, size_t end)
{
    if (end == a->text.n && b->ids == NULL) {
        b->n += a->n;
        return;
    }
    for (uint32_t i = 0; i < end; i = a->next[i], b->n++)
        if (b->ids != NULL && (size_t)b->n < b->ids_max)
            b->ids[b->n] = ranks_find(b->ranks, part(a, i));
}

/* --- long pieces ------------------------------------------------------------ */

struct windows {
    size_t size; /* bytes of one */
    struct parts now, next, seam;
};

/* Do the two parts that meet at a cut stay two? */
static bool holds(struct bpe *b, struct windows *w, uint32_t cut)
{
    str before = part(&w->now, w->now.prev[cut]), after = part(&w->next, 0);
    merge(b, &w->seam, (str){before.p, before.n + after.n});
    return w->seam.n == 2 && w->seam.next[0] == before.n;
}

/* The window behind a cut. */
static str behind(const struct windows *w, uint32_t cut, str piece)
{
    const char *p = w->now.text.p + cut;
    size_t left = (size_t)(piece.p + piece.n - p);
    return (str){p, left < w->size ? left : w->size};
}

/* Find where `now` may be cut, and merge what comes behind it into `next`: the
** further from its end, the surer. 0: nowhere in its second half. */
static uint32_t find_cut(struct bpe *b, struct windows *w, str piece)
{
    uint32_t cut = w->now.prev[w->size];
    for (size_t left = NEAR; left <= w->size / 2; left *= 2) {
        while (cut > w->size - left)
            cut = w->now.prev[cut];
        merge(b, &w->next, behind(w, cut, piece));
        if (cut > 0 && holds(b, w, cut))
            return cut;
    }
    return 0;
}

/* 0; ERR_STATE when there was a window that could not be cut. */
static int by_windows(struct bpe *b, struct windows *w, str piece)
{
    merge(b, &w->now, (str){piece.p, w->size});
    while (w->now.text.p + w->now.text.n < piece.p + piece.n) {
        uint32_t cut = find_cut(b, w, piece);
        if (cut == 0)
            return ERR_STATE;
        count(b, &w->now, cut);
        struct parts was = w->now;
        w->now = w->next;
        w->next = was;
        if (b->look != NULL && !b->look(b->user))
            return ERR_LIMIT;
    }
    count(b, &w->now, w->now.text.n);
    return 0;
}

static int with_room(struct bpe *b, str piece, size_t size, uint32_t *room)
{
    struct windows w = {.size = size};
    lay_out(&w.now, room, size);
    lay_out(&w.next, room + ROOM(size), size);
    lay_out(&w.seam, room + 2 * ROOM(size), size);
    int64_t before = b->n;
    int error = by_windows(b, &w, piece);
    if (error != 0)
        b->n = before;
    return error;
}

/* What reaches further than half a window, in this vocabulary, is merged in
** larger ones. */
static int by_larger_windows(struct bpe *b, str piece)
{
    int error = ERR_STATE;
    for (size_t size = WINDOW; error == ERR_STATE;) {
        size = size * 2 < piece.n ? size * 2 : piece.n;
        uint32_t *room = mem_alloc(3 * ROOM(size) * sizeof *room);
        if (room == NULL)
            return ERR_MEMORY;
        error = with_room(b, piece, size, room);
        mem_free(room);
    }
    return error;
}

static int long_piece(struct bpe *b, str piece)
{
    MEM_UNSET uint32_t room[3 * ROOM(WINDOW)];
    int error = with_room(b, piece, WINDOW, room);
    return error == ERR_STATE ? by_larger_windows(b, piece) : error;
}

static void short_piece(struct bpe *b, str piece)
{
    MEM_UNSET uint32_t room[ROOM(WINDOW)];
    struct parts a;
    lay_out(&a, room, WINDOW);
    merge(b, &a, piece);
    count(b, &a, piece.n);
}

int bpe_piece(struct bpe *b, str piece)
{
    uint32_t rank = ranks_find(b->ranks, piece);
    if (rank == RANK_NONE && piece.n > WINDOW)
        return long_piece(b, piece);
    if (rank == RANK_NONE) {
        short_piece(b, piece);
        return 0;
    }
    if (b->ids != NULL && (size_t)b->n < b->ids_max)
        b->ids[b->n] = rank;
    b->n++;
    return 0;
}
