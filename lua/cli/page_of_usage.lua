-- cli.page_of_usage -- what `perilune help usage` shows.

return [[
NAME
    perilune usage - who has used what, and what it cost

SYNOPSIS
    perilune usage [--by LIST] [--from DAY] [--to DAY] [--key ID] [--user NAME]
                   [--team NAME] [--feature NAME] [--model NAME]
                   [--csv | --json] [--store DIR]

DESCRIPTION
    Adds up what the gateway has booked in its store: each request under the
    client's key, user, team and feature, the day it ended (UTC) and the model
    that answered it; and each call it made of a model, those too that failed or
    were dropped. May be asked while a gateway runs, which writes what it has
    booked every 250 ms and when it ends; a gateway that is killed loses that
    much. Requests that were refused at the door are not in it.

    A table for people, with totals at its bottom, unless --csv or --json is
    said. The columns:

    requests            that ended
    errors              of these, answered with 4xx or 5xx, or broken off
    calls               that were sent to an upstream
    calls_failed        of these, ended with a fault
    prompt_tokens, completion_tokens
                        of all calls: what the providers told, or for a call
                        that was cut off, an estimate that is not too low
    cached_tokens       of the prompt, served by the provider's cache
    reasoning_tokens    of the completion
    cost_usd            of the calls whose cost is known
    calls_unpriced      that may be billed and whose cost is not known

    A request that no model answered has none: "-" in the table, empty in CSV,
    null in JSON. Names that clients made up, of users, features and models,
    are told apart up to 10,000 rows a day; later ones are booked together as
    (other), and the log says so. What a key proves keeps its name.

OPTIONS
    --by LIST
        The columns and what is told apart: some of key, user, team, feature,
        model, day, in that order, such as "team,day". [model]

    --from DAY, --to DAY
        The first and the last day, such as 2026-01-31; or a month, such as
        2026-01, from its first or to its last day. [the last 30 days]

    --key ID, --user NAME, --team NAME, --feature NAME, --model NAME
        Only what has this name, such as --model openai/gpt-4o; "" is what has
        none.

    --csv
        A line of names, then a line for each row (RFC 4180). A name that a
        spreadsheet would take for a formula has an apostrophe in front.

    --json
        {"from": ..., "to": ..., "by": [...], "rows": [...], "total": {...}}

    --store DIR         PERILUNE_STORE     (./perilune.data)
        The gateway's store.

    --help
        Show this page.

ENVIRONMENT
    PERILUNE_STORE
        The gateway's store, unless --store says otherwise.

FILES
    DIR/data.mdb        the store; its table "usage"

EXIT STATUS
    0   it was shown
    1   it could not be read; the reason is on standard error
    2   the command line was not understood

EXAMPLES
    perilune usage
    perilune usage --by team,day --from 2026-01 --to 2026-01
    perilune usage --by user,model --team gold --csv > gold.csv

SEE ALSO
    perilune help serve, perilune help keys, perilune help store
]]
