/*
** quota.h -- what a client is told of the limits it came through.
**
**     x-ratelimit-limit-requests: 10
**     x-ratelimit-remaining-requests: 7
**     x-ratelimit-reset-requests: 42s
**
** and the same for tokens: the form OpenAI gave them, which its SDKs and agents
** read. A client that comes as Anthropic's do is told in their form:
**
**     anthropic-ratelimit-requests-limit: 10
**     anthropic-ratelimit-requests-remaining: 7
**     anthropic-ratelimit-requests-reset: 2026-01-01T12:00:42Z
**
** Of several limits the one with the least left is told.
*/
#ifndef RUN_QUOTA_H
#define RUN_QUOTA_H

#include "base/arena.h"
#include "base/nanos.h"
#include "wire/http.h"

enum quota_unit { QUOTA_REQUESTS, QUOTA_TOKENS, QUOTA_UNITS };
#define QUOTA_FIELDS (3 * QUOTA_UNITS)

/* How one unit stands; all zero: no limit counts it. */
struct quota {
    int64_t limit, left;
    nanos reset; /* from when it was noted */
};

/* Note how a limit stands. */
void quota_note(struct quota quotas[QUOTA_UNITS], enum quota_unit unit,
                const struct quota *q);

/* Who is told, and when. */
struct quota_reader {
    bool anthropic;
    nanos calendar; /* since 1970 */
};

/* Does a request with these fields come as Anthropic's clients do: with their
** version of the API, or its key in x-api-key? */
bool quota_wants_anthropic(const struct http_field *fields, int n);

/* The fields that say so, and how many; texts in the arena. */
int quota_fields(const struct quota quotas[QUOTA_UNITS],
                 const struct quota_reader *reader, struct arena *arena,
                 struct http_field fields[QUOTA_FIELDS]);

#endif
