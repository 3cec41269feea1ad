-- cli.page_of_check -- what `perilune help check` shows.

return [[
NAME
    perilune check - load policies, dry-run them and say what is wrong

SYNOPSIS
    perilune check [--quiet] FILE...

DESCRIPTION
    Loads each policy as serve would, without listening and without asking any
    model, and runs it in simulated worlds: all is well, each model is down, all
    are, limits are hit (those of providers, and the policy's own), its budgets
    are empty, the request is at fault, a stream breaks off. A long request, one
    with tools and one of an admin are shown where they go another way. It
    prints what the client gets there, the path, and how long it waited, if it
    did:

        ok  chat.lua  version 1a2b3c4d  models: openai/gpt-4o
            all well            200  gpt-4o ok
            openai/gpt-4o down  200  gpt-4o overloaded, sorry
            bad request         400  gpt-4o bad_request  (invalid_request_error)

    The version is what the x-perilune-policy header and the log will say. A
    missing key is no fault of the policy: here all keys are there.

    Lines that begin with "check:" are warnings: a condition that is never
    called, a gate that is used as one, a budget that stands above free answers,
    a model that is asked in none of these worlds.

    A file that ends in _test.lua is passed over: perilune test runs it.

    For a policy that does not load, or itself fails in a world, the message
    goes to standard error, with the file and the line it is about.

OPTIONS
    --quiet, -q
        Load only, one line for each policy.
    --help
        Show this page.

ENVIRONMENT
    PERILUNE_LIBRARY
        A folder that holds lua/ and policies/, used in place of what is linked
        into the program.

FILES
    Files that a policy reads with p.file or require are looked for beside it.

EXIT STATUS
    0   every policy loads and does not fail by itself
    1   at least one does not, or fails
    2   the command line was not understood

EXAMPLES
    perilune check chat.lua
    perilune check policies/*.lua && systemctl reload-or-restart perilune
]]
