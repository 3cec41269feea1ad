-- cli.page_of_serve -- what `perilune help serve` shows.

return [[
NAME
    perilune serve - answer requests

SYNOPSIS
    perilune serve [--listen ADDR]... [--workers N] [--policy FILE]
                   [--store DIR] [--library DIR] [--log FILE]
                   [--grace SECONDS] [--deadline SECONDS] [--max-body SIZE]
                   [--max-requests N] [--max-memory SIZE]
                   [--durability process|power] [--max-store SIZE]
                   [--admin [HOST:]PORT] [--admin-token-file FILE]
                   [--tokenizers DIR] [--jail on|off|strict]
                   [--require-key] [--usage-days N]

DESCRIPTION
    Listens, and answers POST /v1/chat/completions as the policy decides; GET
    /v1/models; GET and DELETE /v1/jobs/ID, where the policy has a p.queue; GET
    /healthz and GET /readyz. All of them with and without /v1. Runs in the
    foreground until it is told to stop.

    On SIGTERM or SIGINT it takes no new connections, lets running streams come
    to their end for at most --grace seconds, and leaves with status 0.

OPTIONS
    Each option may also be set by the environment variable beside it. An option
    wins over its variable.

    --listen ADDR       PERILUNE_LISTEN    (127.0.0.1:8080)
        An address and port, such as 0.0.0.0:8080 or [::1]:8080. May be given
        more than once; in the variable, separate them with commas.

    --workers N         PERILUNE_WORKERS   (one per processor)
        Threads that answer. Each has a loop and a policy state of its own; the
        system spreads the connections.

    --policy FILE       PERILUNE_POLICY    (the built-in default)
        The Lua file that decides. Files that it reads with p.file or require
        are looked for beside it. A change to any of them holds from the next
        request; a version that fails to load changes nothing but the log and
        /healthz. A few are linked in: policies/NAME.lua is the ready one of
        that name where there is no such file: passthrough, fallback, balanced,
        agents, ladder, sticky, quotas.

    --store DIR         PERILUNE_STORE     (./perilune.data)
        The folder where what outlives the gateway lives; see perilune help
        store. One gateway may have it open.

    --library DIR       PERILUNE_LIBRARY   (none)
        A folder that holds lua/ and policies/. A file found there is used in
        place of the one linked into the program.

    --log FILE|-|none   PERILUNE_LOG       (-, standard output)
        Where the log goes: one line of JSON per request. A slow reader never
        delays a request: lines it cannot take are dropped and counted.

    --deadline SECONDS  PERILUNE_DEADLINE  (120)
        How long a request may take over all its attempts. Past it every model
        declines at once, so that written answers still come. A stream that
        flows is not cut by it.

    --grace SECONDS     PERILUNE_GRACE     (30)
        How long SIGTERM waits for running streams.

    --max-body SIZE     PERILUNE_MAX_BODY  (64MiB)
        The largest request body; a larger one is answered with 413. A number of
        bytes, or with a unit: 512kB, 16MB, 64MiB.

    --max-requests N    PERILUNE_MAX_REQUESTS (10000)
        How many requests a worker has in flight at a time. One more is answered
        with 503 and Retry-After at once; health checks are answered always.

    --max-memory SIZE   PERILUNE_MAX_MEMORY (256MiB)
        How many bytes of requests and replies a worker holds at a time; what
        does not fit is answered with 503 and Retry-After. At least four times
        --max-body, which is also the default if it is more.

    --durability process|power  PERILUNE_DURABILITY (process)
        What the store survives. process: the end of the gateway, however it
        comes, SIGKILL too. When the machine itself loses power, the last half
        minute may be missing, or the store be damaged, which is looked for
        when it is opened again. power: survives that, too; each group of writes
        waits for the disk, and so does each call under a budget before it
        leaves.

    --max-store SIZE    PERILUNE_MAX_STORE (4GiB)
        How large the store may grow. Past it, what would be stored is refused
        until rows expire or are deleted.

    --tokenizers DIR    PERILUNE_TOKENIZERS (STORE/tokenizers, or
                                            /usr/share/perilune/tokenizers)
        Where o200k_base.tiktoken and cl100k_base.tiktoken are, by which tokens
        of OpenAI's models are counted; without them they are estimated. `make
        tokenizers` fetches them.

    --admin [HOST:]PORT PERILUNE_ADMIN     (off)
        Where the admin API listens: /admin/keys, the keys of clients over HTTP,
        /admin/usage, who has used what, and /admin/budgets, what is spent. A
        port alone is one of 127.0.0.1. It needs a token; it serves nothing
        else, and is served nowhere else.

    --admin-token-file FILE  PERILUNE_ADMIN_TOKEN_FILE (none)
        A file with the admin API's token, 32 to 256 characters; or with up to
        four, one a line, so that one can take another's place. Make one with
        openssl rand -hex 32.

    --jail on|off|strict  PERILUNE_JAIL    (on)
        Once it listens, the process gives up what serving does not need: it
        cannot start programs, and reads only what the policy read when it was
        first loaded, with the folders around that, and the system's settings.
        A file that holds a key and is named later, elsewhere, is not found;
        start again for it. off: give up none of this. strict: end when a system
        call is tried that is not allowed, for tests.

    --require-key       PERILUNE_REQUIRE_KEY  (0)
        A client needs a key, also where none has been added yet; then nobody
        comes in. Otherwise keys are wanted from the first one on; see perilune
        help keys.

    --usage-days N      PERILUNE_USAGE_DAYS  (400)
        How long the store keeps who has used what, which perilune usage shows.
        0: nothing is booked.

    --help
        Show this page.

ENVIRONMENT
    PERILUNE_ADMIN_TOKEN
        A token of the admin API, too. No policy can use it.

    Beside the variables above, the keys that p.secret and the known providers
    name: OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, MISTRAL_API_KEY,
    GROQ_API_KEY... A policy can use a key and cannot read it.

FILES
    ./perilune.data     the store, unless --store says otherwise; perilune help
                        store lists what is in it

EXIT STATUS
    0   it was told to stop and did
    1   it could not start: the address is taken, the policy does not load
    2   the command line was not understood

EXAMPLES
    Start with the built-in policy, and ask:
        perilune serve
        curl http://127.0.0.1:8080/v1/chat/completions \
            -H 'content-type: application/json' \
            -d '{"model": "gpt-4o-mini",
                 "messages": [{"role": "user", "content": "Hello"}]}'

    A policy of your own, two workers, the log in a file:
        perilune serve --policy chat.lua --workers 2 --log perilune.log

SEE ALSO
    perilune help check, perilune help keys, perilune help usage, perilune help
    store
]]
