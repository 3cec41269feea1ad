-- cli.page_of_prices -- what `perilune help prices` shows.

return [[
NAME
    perilune prices - what models charge

SYNOPSIS
    perilune prices show [MODEL]
    perilune prices import FILE [PROVIDER...]

DESCRIPTION
    The gateway counts what each request costs, by prices that a policy says
    with p.prices, or that are built in.

    show      The prices that are built in, of all models or one, in dollars per
              million tokens.

    import    Reads a file in the form of LiteLLM's
              model_prices_and_context_window.json, any part of it, and writes
              its prices to standard output in the form that p.prices reads.
              With providers named, only their models. What is not paid by the
              token is left out, and so is what is said to cost nothing: a
              policy says that of a model itself (free = true). A price that
              cannot be is left out and told, and the status is 1. Nothing is
              fetched: get the file yourself.

    A policy takes the result in with

        p.prices "prices.json"

    and says what differs, such as prices by contract:

        p.prices { "prices.json",
          ["openai/gpt-4o"] = { input = 2, output = 8 } }

OPTIONS
    --help
        Show this page.

ENVIRONMENT
    None is read.

FILES
    FILE    the table to import; at most 16 MiB

EXIT STATUS
    0   it is done
    1   it did not work, or a price was left out; the reason is on standard
        error
    2   the command line was not understood

EXAMPLES
    perilune prices show openai/gpt-4o
    perilune prices import model_prices_and_context_window.json > prices.json
    perilune prices import model_prices.json openai anthropic > prices.json

SEE ALSO
    perilune help serve
]]
