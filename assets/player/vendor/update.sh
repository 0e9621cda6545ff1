#!/bin/sh
# Re-creates the vendored players from the npm registry and checks them against VENDOR.md.
#   update.sh           fetch the pinned versions into this folder; fail where a checksum differs
#   update.sh --check   compare this folder's files with VENDOR.md, without network
# To move to another version: change the pins below, run `update.sh --pin`, review the diff.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mpegts=1.8.2
hls=1.7.4
pinned() { sed -n "s/^| \`$1\` .* \`\([0-9a-f]\{64\}\)\` |$/\1/p" "$here/VENDOR.md"; }
sum() { sha256sum "$1" | cut -d' ' -f1; }
files="mpegts.js hls.light.min.js mpegts.LICENSE hls.LICENSE"

check() {
    for file in $files; do
        [ "$(sum "$1/$file")" = "$(pinned "$file")" ] || { echo "$file is not what VENDOR.md says" >&2; exit 1; }
    done
}

if [ "${1:-}" = --check ]; then check "$here"; echo "vendored players match VENDOR.md"; exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir out
fetch() { # package version
    npm pack --silent "$1@$2" >/dev/null
    mkdir "$1" && tar -xzf "$1-$2.tgz" -C "$1"
}
# The source maps stay behind: their comment would make every browser console ask for a file that is not there.
strip() { sed '/^\/\/# sourceMappingURL=/d' "$1"; }
fetch mpegts.js "$mpegts"
fetch hls.js "$hls"
strip mpegts.js/package/dist/mpegts.js >out/mpegts.js
strip hls.js/package/dist/hls.light.min.js >out/hls.light.min.js
{ cat mpegts.js/package/LICENSE; echo; cat mpegts.js/package/dist/mpegts.js.LICENSE.txt; } >out/mpegts.LICENSE
cp hls.js/package/LICENSE out/hls.LICENSE

if [ "${1:-}" = --pin ]; then
    row() { echo "| \`$1\` | $2 | $3 | $4 | \`$(sum "out/$1")\` |"; }
    {
        sed '/^| `/d' "$here/VENDOR.md"
        row mpegts.js mpegts.js "$mpegts" Apache-2.0
        row mpegts.LICENSE mpegts.js "$mpegts" -
        row hls.light.min.js hls.js "$hls" Apache-2.0
        row hls.LICENSE hls.js "$hls" -
    } >VENDOR.new
    cp VENDOR.new "$here/VENDOR.md"
fi
check "$work/out"
for file in $files; do cp "out/$file" "$here/$file"; done
echo "mpegts.js $mpegts and hls.js $hls are in place"
