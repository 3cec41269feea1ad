-- cli.page_of_store -- what `perilune help store` shows.

return [[
NAME
    perilune store - look into the store, and look after it

SYNOPSIS
    perilune store stat          [--store DIR]
    perilune store compact       [--store DIR]
    perilune store export        [--store DIR]
    perilune store import FILE   [--store DIR]

DESCRIPTION
    The store is the folder that holds what outlives the gateway.

    stat      What is in it: its tables with their rows, how large the file is
              and how much of it is in use. May be asked while a gateway runs.

    compact   Rewrites the file without the room that is free in it. The file
              never shrinks by itself: what rows leave behind is used again. No
              gateway may have the store open. Cut off at any moment, either the
              old file is there or the new one.

    export    Writes every row as a line of JSON to standard output, as they are
              at one moment. May be asked while a gateway runs; until it ends,
              the file cannot use room again that becomes free. A row that is
              not what was written is left out, and the status is 1.

    import    Reads such a file into a store that is new or empty. A file with a
              line that is no row is refused before anything is written. No
              gateway may have the store open.

    Keys and values that are not UTF-8 are exported in base64, as "key64" and
    "value64".

OPTIONS
    --store DIR         PERILUNE_STORE     (./perilune.data)
        The store's folder.

    --help
        Show this page.

ENVIRONMENT
    PERILUNE_STORE
        The store's folder, unless --store says otherwise.

FILES
    DIR/data.mdb        the rows, in LMDB's format
    DIR/lock.mdb        who is reading
    DIR/perilune.lock   who is writing, and how that ended
    DIR/budgets.map     what is spent of budgets, and reserved
    DIR/keys/           the keys of clients, a store of their own
    DIR/idempotency/    answers kept for repeats, a store of its own

    The actions above are about DIR/data.mdb alone. To keep all of it, copy the
    folder while no gateway has it open.

EXIT STATUS
    0   it is done
    1   it did not work; the reason is on standard error
    2   the command line was not understood

EXAMPLES
    perilune store stat
    perilune store export --store /var/lib/perilune > rows.jsonl
    perilune store import rows.jsonl --store /var/lib/perilune-new

SEE ALSO
    perilune help serve
]]
