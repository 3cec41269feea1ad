/*
** fuzz_kept.c -- what is read out of the store, and short texts that mean money.
**
** The first byte says which reader has the rest. Whatever a reader takes for
** something can be written, and read again as the same; what may be kept as a
** key can be read as one. An amount and a client's key of idempotency are what a
** second, slow reading says. For the ledger's letters see kept_ledger.h.
**
**     j  a job's record      k  a client's key      a  an amount
**     p  a job's packet      m  members of a key    i  an Idempotency-Key
**     u  a row of usage      d  a line of a dump    q  a query of usage
**     e  a row of the index  l, s  changes to a ledger's file
*/
#include "fuzz.h"
#include "kept_ledger.h"
#include "slow_amount.h"

#include <lauxlib.h>

#include "run/generation.h"
#include "serve/inner.h"
#include "store/dump.h"
#include "store/jobs/job.h"
#include "store/keys/key_check.h"
#include "store/keys/key_limits.h"
#include "store/seal.h"
#include "store/usage/row.h"
#include "store/usage/usage.h"

#define MOST (64 * 1024)

/* --- jobs ------------------------------------------------------------------ */

static const str an_id = {"job_0123456789abcdef0123456789abcdef", JOB_ID};

static void job_record(str in)
{
    struct arena a, b;
    struct job_record job, again;
    struct buf text;
    arena_init(&a);
    arena_init(&b);
    buf_init(&text, MOST);
    if (job_read(an_id, in, &a, &job)) {
        MUST(job.state <= JOB_CANCELLED && job_state_name(job.state) != NULL);
        MUST(job.tries >= 0 && job.deaths >= 0 && job.created >= 0);
        job_write(&job, &text);
        MUST(buf_ok(&text) && job_read(an_id, buf_str(&text), &b, &again));
        MUST(str_eq(job.queue, again.queue) && str_eq(job.key, again.key));
        MUST(str_eq(job.user, again.user) && job.state == again.state);
        MUST(job.created == again.created && job.due == again.due);
        MUST(job.expires == again.expires && job.size == again.size);
        MUST(job.tries == again.tries && job.deaths == again.deaths);
        MUST(job.status == again.status && job.why == again.why);
    }
    buf_fini(&text);
    arena_fini(&b);
    arena_fini(&a);
}

static void job_packet(str in)
{
    struct arena a, b;
    struct job_packet packet, again;
    struct buf text;
    arena_init(&a);
    arena_init(&b);
    buf_init(&text, MOST);
    if (job_unpack(in, &a, &packet)) {
        job_pack(&packet, &text);
        MUST(buf_ok(&text) && job_unpack(buf_str(&text), &b, &again));
        MUST(packet.fields_n == again.fields_n);
        for (int i = 0; i < packet.fields_n; i++) {
            MUST(str_eq(packet.fields[i].name, again.fields[i].name));
            MUST(str_eq(packet.fields[i].value, again.fields[i].value));
        }
        MUST(str_eq(packet.body, again.body));
    }
    buf_fini(&text);
    arena_fini(&b);
    arena_fini(&a);
}

/* --- keys ------------------------------------------------------------------ */

static void same_key(const struct client_key *a, const struct client_key *b)
{
    MUST(str_eq(a->id, b->id) && str_eq(a->user, b->user));
    MUST(str_eq(a->team, b->team) && str_eq(a->feature, b->feature));
    MUST(str_eq(a->models, b->models) && str_eq(a->metadata, b->metadata));
    MUST(str_eq(a->limits, b->limits) && str_eq(a->budgets, b->budgets));
    MUST((a->user.p == NULL) == (b->user.p == NULL));
    MUST((a->models.p == NULL) == (b->models.p == NULL));
    MUST(a->admin == b->admin && a->created == b->created);
    MUST(a->expires == b->expires && a->revoked == b->revoked);
}

/* It can be written and read again; the limits are those that are said. */
static void key_is_kept(const struct client_key *key, struct arena *arena)
{
    struct client_key again;
    struct limit_rules rules;
    struct buf text;
    buf_init(&text, MOST);
    client_key_write(key, &text);
    MUST(buf_ok(&text) && client_key_read(buf_str(&text), arena, &again));
    same_key(key, &again);
    MUST(key_limits_read(key->limits, &rules) == NULL);
    MUST((again.rules == NULL) == (rules.n == 0));
    for (int i = 0; i < rules.n; i++)
        MUST(rules.parts[i].rate.n > 0);
    const struct client_key *copy = client_key_copy(arena, &again);
    MUST(copy != NULL);
    same_key(&again, copy);
    client_key_allows(copy, STR("up"), STR("m"));
    buf_fini(&text);
}

static void key_record(str in)
{
    struct arena arena;
    struct client_key key;
    arena_init(&arena);
    if (client_key_read(in, &arena, &key))
        key_is_kept(&key, &arena);
    arena_fini(&arena);
}

static str text_member(struct json object, const char *name,
                       struct arena *arena)
{
    struct buf text;
    struct json v = json_get(object, str_of(name));
    buf_init(&text, MOST);
    str copy = arena_copy(arena, json_text(v, &text));
    buf_fini(&text);
    return copy;
}

/* As the admin API takes them: what it lets pass is kept. */
static void key_members(str in)
{
    struct json_error error;
    struct arena arena;
    if (!json_check(in, &error))
        return;
    struct json o = json_of(in);
    arena_init(&arena);
    struct client_key key = {
        .id = STR("key_0123456789"),
        .user = text_member(o, "user", &arena),
        .team = text_member(o, "team", &arena),
        .feature = text_member(o, "feature", &arena),
        .models = json_get(o, STR("models")).text,
        .metadata = json_get(o, STR("metadata")).text,
        .limits = json_get(o, STR("limits")).text,
        .budgets = json_get(o, STR("budgets")).text,
        .expires = NANOS_NEVER,
        .revoked = NANOS_NEVER,
    };
    if (key_check(&key).message == NULL)
        key_is_kept(&key, &arena);
    arena_fini(&arena);
}

/* --- usage ----------------------------------------------------------------- */

static void usage_row(str in)
{
    int day, day_again;
    str packed, packed_again, names[USAGE_NAMES];
    struct usage_sums sums, again;
    char room[USAGE_PACKED];
    struct buf text;
    str key = {in.p, in.n < USAGE_ROW_KEY ? in.n : USAGE_ROW_KEY};
    if (!usage_row_read(key, str_from(in, key.n), &day, &packed, &sums))
        return;
    MUST(usage_unpack(packed, names));
    for (int i = 0; i < USAGE_COUNTS; i++)
        MUST(sums.of[i] >= 0);
    for (int level = 0; level < USAGE_LEVELS; level++)
        MUST(usage_fold(room, packed, 0, level).n <= USAGE_PACKED);
    buf_init(&text, MOST);
    usage_row_put(&text, usage_pack(room, names), &sums);
    MUST(
        usage_row_read(key, buf_str(&text), &day_again, &packed_again, &again));
    MUST(day == day_again && memcmp(&sums, &again, sizeof sums) == 0);
    usage_sums_add(&sums, &again);
    for (int i = 0; i < USAGE_COUNTS; i++)
        MUST(sums.of[i] >= again.of[i]);
    buf_fini(&text);
}

/* Lines "name=value". */
static void usage_question(str in)
{
    static const uint64_t dice[2] = {1, 2};
    struct usage_query q;
    char why[USAGE_WHY];
    usage_query_init(&q, KEPT_NOW, dice);
    while (in.p != NULL) {
        str value = str_split(&in, '\n'), name = str_split(&value, '=');
        const char *wrong = usage_query_take(&q, name, value, why);
        MUST(wrong == NULL || (strlen(wrong) > 0 && strlen(wrong) < USAGE_WHY));
    }
    if (usage_query_check(&q, why) != NULL)
        return;
    MUST(q.by_n >= 0 && q.by_n <= USAGE_FIELDS && q.from <= q.to);
    for (int i = 0; i < q.by_n; i++)
        MUST(usage_field_name(q.by[i]) != NULL);
}

/* --- rows ------------------------------------------------------------------ */

static void dump_line(str in)
{
    struct row row, again;
    struct buf scratch, second, text;
    buf_init(&scratch, MOST);
    buf_init(&second, MOST);
    buf_init(&text, MOST);
    dump_is(in);
    if (dump_read(in, &row, &scratch) == NULL) {
        dump_row(&text, &row);
        str line = buf_str(&text);
        MUST(buf_ok(&text) && line.n > 0);
        line.n--; /* its newline */
        MUST(dump_read(line, &again, &second) == NULL);
        MUST(str_eq(row.table, again.table) && str_eq(row.key, again.key));
        MUST((row.value.p == NULL) == (again.value.p == NULL));
        MUST(str_eq(row.value, again.value) && row.count == again.count);
        MUST(row.expires == again.expires);
    }
    buf_fini(&text);
    buf_fini(&second);
    buf_fini(&scratch);
}

static void index_row(str in)
{
    char room[SEAL_EXPIRY];
    struct row row, sealed = {.key = STR("k")};
    if (seal_open(in, &sealed))
        MUST(sealed.value.p == NULL || lies_in(sealed.value, in));
    if (!seal_read_expiry(in, &row) || row.table.n > STORE_MOST_NAME ||
        row.key.n > STORE_MOST_KEY)
        return;
    MUST(str_eq((str){room, seal_expiry(room, &row)}, in));
}

/* --- a client's key of idempotency ----------------------------------------- */

static nanos no_time(struct world *w)
{
    (void)w;
    return KEPT_NOW;
}

static int refusals;

static void a_log(struct world *w, str line)
{
    struct json_error error;
    (void)w;
    MUST(json_check(line, &error));
}

static void a_head(void *user, int status, const struct http_field *fields,
                   int n, int64_t length)
{
    (void)user, (void)fields, (void)n, (void)length;
    MUST(status == 400);
    refusals++;
}

static bool a_chunk(void *user, str bytes)
{
    struct json_error error;
    (void)user;
    return json_check(bytes, &error);
}

static void a_done(void *user, enum outcome outcome)
{
    (void)user, (void)outcome;
}

/* The same, byte by byte: how many there are, -1 where it is none. */
static int slow_key(str value, char to[512])
{
    bool quoted = value.n > 0 && value.p[0] == '"';
    int n = 0;
    size_t at = quoted ? 1 : 0;
    for (; at < value.n && !(quoted && value.p[at] == '"'); at++) {
        char c = value.p[at];
        if (quoted && c == '\\') {
            if (at + 1 == value.n)
                return -1;
            c = value.p[++at];
            if (c != '"' && c != '\\')
                return -1;
        }
        if (c < 0x20 || c > 0x7e || n == 255)
            return -1;
        to[n++] = c;
    }
    if (quoted && at + 1 != value.n)
        return -1;
    return n > 0 ? n : -1;
}

static void idempotency_key(str in)
{
    static const struct world_ops ops = {
        .now = no_time, .calendar = no_time, .log = a_log};
    static struct world world = {.ops = &ops};
    static struct runtime rt = {.world = &world};
    static struct service service = {.rt = &rt};
    static struct generation g = {.idempotent.key = LUA_NOREF};
    struct http_field field = {STR("Idempotency-Key"), in};
    struct arrival a = {
        .fields = &field,
        .fields_n = 1,
        .id = STR("r"),
        .service = &service,
        .sink = {.head = a_head, .chunk = a_chunk, .done = a_done}};
    struct idempotency_key key;
    char slow[512];
    refusals = 0;
    bool reads = idempotency_reads(&a, &g, &key);
    int n = slow_key(str_trim(in), slow);
    MUST(reads == (n > 0) && refusals == !reads);
    MUST(!reads || str_eq((str){key.text, key.n}, (str){slow, (size_t)n}));
}

/* --- one input ------------------------------------------------------------- */

static void kept(str in)
{
    if (in.n == 0 || in.n > 8192)
        return;
    char *exact = malloc(in.n); /* so that reading past it is seen */
    MUST(exact != NULL);
    memcpy(exact, in.p + 1, in.n - 1);
    str rest = {exact, in.n - 1};
    switch (in.p[0]) {
    case 'j':
        job_record(rest);
        break;
    case 'p':
        job_packet(rest);
        break;
    case 'k':
        key_record(rest);
        break;
    case 'm':
        key_members(rest);
        break;
    case 'u':
        usage_row(rest);
        break;
    case 'q':
        usage_question(rest);
        break;
    case 'd':
        dump_line(rest);
        break;
    case 'e':
        index_row(rest);
        break;
    case 'a':
        slow_amount(rest);
        break;
    case 'i':
        idempotency_key(rest);
        break;
    case 'l':
    case 's':
        kept_ledger(rest, in.p[0] == 's');
        break;
    default:
        break;
    }
    free(exact);
}

FUZZ_AFTER(kept_setup, kept)
