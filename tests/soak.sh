#!/bin/sh
# tests/soak.sh [minutes]: 20 channels, 200 viewers that come and go, sources that fail at random.
set -eu
cd "$(dirname "$0")/.."
minutes=${1:-10}
target=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --quiet --workspace --bins
# The build may be for an explicit target.
find_bin() { ls -t "$target"/*/debug/"$1" "$target"/debug/"$1" 2>/dev/null | head -1; }
RELAIS_BIN=${RELAIS_BIN:-$(find_bin relais)}
export RELAIS_BIN
exec "$(find_bin soak)" --minutes "$minutes"
