#!/usr/bin/env bash
# layers.sh -- the rooms of core/ depend one way, and the world is reached
# through its one door. Prints each breach; silent when there is none.
set -u
cd "$(dirname "$0")/../.."
rooms=(base kernel wire meter store net run bind serve tool)
breaches=0
breach() { echo "layers: $*"; breaches=$((breaches + 1)); }

seen=" "
for room in "${rooms[@]}"; do
    seen="$seen$room "
    while IFS=: read -r file line text; do
        [ -n "$file" ] || continue
        included=$(sed -E 's/.*"([^"]*)".*/\1/' <<<"$text")
        target=${included%%/*}
        [[ $seen == *" $target "* ]] || breach "$file:$line: $room may not include $included"
    done < <(grep -nE '^#include "' -r core/"$room" --include="*.[ch]" 2>/dev/null)
done
while IFS=: read -r file line text; do
    [ -n "$file" ] || continue
    grep -q '"perilune.h"' <<<"$text" || [[ $text == *'"gate/'* ]] ||
        breach "$file:$line: gate includes perilune.h and nothing else of ours"
done < <(grep -nE '^#include "' core/gate/*.[ch] 2>/dev/null)

# forbid PATTERN WHY FILES_ALLOWED(regex)
forbid() {
    while IFS=: read -r file line text; do
        [ -n "$file" ] || continue
        [[ $file =~ $3 ]] || breach "$file:$line: $2"
    done < <(grep -nE "$1" -r core --include='*.[ch]' | grep -vE ':[0-9]+:\s*(\*|/\*|//)')
}
forbid '\b(clock_gettime|gettimeofday|time\(NULL\)|ev_now|ev_time)\b' \
    'asks a clock; ask the world' '^core/(net/real\.c|gate/)'
forbid '\b(ev_timer|ev_periodic|timerfd_create)\w*' 'has a timer; ask the world' '^core/net/real\.c'
forbid '\b(rand|random|srand|getrandom|arc4random)\(' 'rolls its own dice; ask the world' \
    '^core/net/(real\.c|world\.h)'
forbid '\b(curl_(easy|multi|global|slist)_\w+)\(' 'calls libcurl' '^core/net/curl(_\w+)?\.[ch]'
forbid '#include <curl/' 'includes libcurl' '^core/net/curl(_\w+)?\.[ch]'
forbid '#include <openssl/' 'includes OpenSSL; use base/mac.h' '^core/base/mac\.c'
forbid '#include <(lua|lauxlib|lualib)\.h>' 'knows Lua' '^core/(run|bind|serve|tool|perilune)'
forbid '#include <(sys/socket|netinet|arpa)' 'knows sockets' '^core/(net|gate)'
forbid '\b(strcpy|strcat|sprintf|strtok|atoi|gets|alloca)\(' 'is banned' '^$'
forbid '\b(malloc|calloc|realloc|free)\(' 'allocates; use base/mem.h' '^core/(base/mem\.c|gate/)'
forbid '\b(printf|puts|fprintf)\(' 'prints' '^core/gate/'
forbid '\b_?exit\(' 'exits' '^core/gate/main\.c'
[ $breaches = 0 ]
