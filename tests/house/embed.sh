#!/usr/bin/env bash
# embed.sh FILE... -- the Lua files as a C table, written to standard output.
# Numbers, not string literals: C11 promises only 4,095 characters of those.
set -eu
echo '/* Generated from the Lua files of the tree. */'
echo '#include "run/embedded.h"'
i=0
for file in "$@"; do
    printf 'static const unsigned char file_%d[] = {\n' "$i"
    od -An -v -tu1 "$file" | sed 's/  */,/g; s/^,//; s/$/,/'
    echo '0 };'
    i=$((i + 1))
done
echo 'const struct embedded_file embedded_files[] = {'
i=0
for file in "$@"; do
    printf '    { "%s", file_%d, sizeof file_%d - 1 },\n' "$file" "$i" "$i"
    i=$((i + 1))
done
echo '    { 0, 0, 0 }'
echo '};'
