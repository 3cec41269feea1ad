-- cli.page_of_keys -- what `perilune help keys` shows.

return [[
NAME
    perilune keys - who may come in

SYNOPSIS
    perilune keys add  [--user NAME] [--team NAME] [--feature NAME] [--admin]
                       [--models LIST] [--expires TIME] [--limit AMOUNT]...
                       [--budget AMOUNT]... [--note TEXT]
                       [--meta NAME=VALUE]... [--store DIR]
    perilune keys list         [--store DIR]
    perilune keys revoke ID    [--store DIR]
    perilune keys rotate ID    [--store DIR]

DESCRIPTION
    Until the first key is added, anybody may ask the gateway. From then on a
    client needs one, in any of the headers Authorization: Bearer, x-api-key,
    x-goog-api-key or api-key. A gateway that runs hears of the first key within
    a second, and of every later change before its next request.

    add       Makes a key and shows it, on standard output, this once: what is
              kept is a hash of it, made with a secret of this store. Its id, on
              standard error, is its name from then on.

    list      A line for each key: its id, whether it is valid, the first
              digits of its hash, which the log shows of keys that are refused,
              and what it says.

    revoke    Ends a key for good. Its next request is refused, on open
              connections, too; a reply on its way comes to its end.

    rotate    Gives a key new text, and shows it. The old text is unknown at
              once; everything the key says stays.

OPTIONS
    --user NAME, --team NAME, --feature NAME
        Whose it is: what a policy sees as req.user, req.team and req.feature,
        whatever the client says.

    --models LIST
        The models that may answer it, such as "openai/*,local/llama", each as
        provider/model, with one * at most. [any]

    --expires TIME
        How long it is valid, such as 30d, 12h or 90min. [for ever]

    --limit AMOUNT
        How much it may ask, such as "60 requests/min", "20k tokens/min" or
        "4 concurrent"; up to four, of different kinds. Looked at before the
        policy runs, and counted as p.limit counts.

    --budget AMOUNT
        How much it may spend, such as "10 usd/day", "1M tokens/month" or "50k
        tokens/request"; up to four, of different kinds. Each call to a model is
        charged to them as to p.budget: one that cannot be paid declines.

    --admin
        A policy sees req.key.admin.

    --note TEXT, --meta NAME=VALUE
        What a policy sees as req.key.metadata.note, req.key.metadata.NAME.

    --store DIR         PERILUNE_STORE     (./perilune.data)
        The gateway's store.

    --help
        Show this page.

ENVIRONMENT
    PERILUNE_STORE
        The gateway's store, unless --store says otherwise.

FILES
    DIR/keys/           the keys: a store of their own
    DIR/keys/secret     what hashes are made with. Without it, no key is known.

EXIT STATUS
    0   it is done
    1   it did not work; the reason is on standard error
    2   the command line was not understood

EXAMPLES
    perilune keys add --user ada --team gold --models "openai/*" --expires 30d
    perilune keys list --store /var/lib/perilune
    perilune keys revoke key_3f9a2c81d0

    perilune keys add --team gold --limit "60 requests/min"

SEE ALSO
    perilune help serve, perilune help store. A gateway with --admin has the
    same over HTTP, and changes what a key says.
]]
