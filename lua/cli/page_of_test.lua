-- cli.page_of_test -- what `perilune help test` shows.

return [[
NAME
    perilune test - test policies in a simulated world

SYNOPSIS
    perilune test [--seed N | --seeds N] [--filter TEXT] [--tap]
                  [FILE | FOLDER]...

DESCRIPTION
    Runs Lua files that test policies: all that end in _test.lua in the folders
    named and below them (without a name, here), and the files named.

        local test = require "perilune.test"
        test("a 503 moves on to the next model", { policy = "ladder.lua" },
          function(t)
            t:model("openai/gpt-4o", { fails = 503 })
            t:ask "hello":expect { status = 200, model = "gpt-4o-mini" }
          end)

    It is the gateway itself that runs, with the policy in its sandbox, but in a
    world where every model is simulated and where time passes only while there
    is nothing to do: ten minutes of outage take no time. No network, no key and
    no file but those read is touched. The reference is lua/TESTING.md.

    A test that fails says what was expected and what came, the path, the time,
    what arrived at the models and the end of the log; and the command line that
    does the same again. The same seed gives the same bytes.

OPTIONS
    --seed N
        Run each test with this seed, instead of its own or 1.
    --seeds N
        Run each test with the seeds 1 to N, up to the first that fails.
    --filter TEXT
        Run only the tests that have this text in their names.
    --tap
        Write TAP (testanything.org) instead of what people like to read.
    --help
        Show this page.

ENVIRONMENT
    PERILUNE_LIBRARY
        A folder that holds lua/ and policies/, used in place of what is linked
        into the program.
    NO_COLOR
        Set, nothing is coloured; colours are for terminals only.

FILES
    A policy is looked for beside the test file; "policies/NAME.lua" that is not
    there is the built-in one.

EXIT STATUS
    0   every test passed
    1   at least one failed, or a test file does not load
    2   the command line was not understood, or there is nothing to run

EXAMPLES
    perilune test
    perilune test --filter 503 policies/
    perilune test --seeds 100 ladder_test.lua

SEE ALSO
    perilune help check
]]
