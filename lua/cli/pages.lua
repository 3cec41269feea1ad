-- cli.pages -- what `perilune help` shows: a page for each subcommand.

local pages = {}

pages.perilune = [[
NAME
    perilune - an LLM gateway whose policy is a program

SYNOPSIS
    perilune serve [OPTIONS]        answer requests
    perilune check FILE...          dry-run policies and say what is wrong
    perilune test [FILE]...         test policies in a simulated world
    perilune store ACTION           look into the store, and look after it
    perilune keys ACTION            who may come in
    perilune usage [OPTIONS]        who has used what, and what it cost
    perilune prices [ACTION]        what models charge
    perilune version                print the version
    perilune help [COMMAND]         show a command's page

DESCRIPTION
    Perilune stands between programs that speak the OpenAI API and the services
    that answer them. A policy, a Lua file, decides for each request which model
    is asked, what happens when it fails, and what the client is told. The file
    is looked at on every request: an edit holds from the next one on.

    Without a policy the built-in default answers: with OPENAI_API_KEY,
    ANTHROPIC_API_KEY, GEMINI_API_KEY and the like in the environment it asks
    those services, without any key a simulated one.

EXIT STATUS
    0   all is well
    1   it did not work; the reason is on standard error
    2   the command line was not understood

EXAMPLES
    perilune serve
    perilune serve --policy chat.lua --listen 0.0.0.0:8080
    perilune check chat.lua
    perilune help serve
]]

pages.serve = require "cli.page_of_serve"

pages.check = require "cli.page_of_check"

pages.test = require "cli.page_of_test"
pages.store = require "cli.page_of_store"
pages.keys = require "cli.page_of_keys"
pages.usage = require "cli.page_of_usage"
pages.prices = require "cli.page_of_prices"

pages.version = [[
NAME
    perilune version - print the version

SYNOPSIS
    perilune version

DESCRIPTION
    Prints the program's name and version on one line.

OPTIONS
    --help
        Show this page.

ENVIRONMENT
    None is read.

FILES
    None are read.

EXIT STATUS
    0   always

EXAMPLES
    perilune version
]]

pages.help = [[
NAME
    perilune help - show a command's page

SYNOPSIS
    perilune help [COMMAND]
    perilune COMMAND --help

DESCRIPTION
    Shows the page of a command: serve, check, test, store, keys, usage, prices,
    version or help. Without one, an overview.

OPTIONS
    None.

ENVIRONMENT
    None is read.

FILES
    None are read; the pages are part of the program.

EXIT STATUS
    0   the page was shown
    2   there is no such command

EXAMPLES
    perilune help serve
]]

return pages
