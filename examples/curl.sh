#!/bin/sh
# curl.sh -- ask a running gateway, once whole and once as a stream.
set -eu
gateway=${PERILUNE_URL:-http://127.0.0.1:8080}

ask() {
    curl -sS --fail-with-body "$gateway/v1/chat/completions" \
        -H 'content-type: application/json' "$@"
}

question='"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello, moon!"}]'
ask -i -d "{$question}"                        # the x-perilune-* headers say who answered
echo
ask -N -d "{$question, \"stream\": true}"
