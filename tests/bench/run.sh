#!/bin/bash
# tests/bench/run.sh [rows…]: relais beside its peers, in one run on this machine; all rows unless some are named.
# Figures as a table, and as JSON in target/bench. Ends with an error when a row can't be measured; a row that
# misses its target is reported as it is (BENCH_STRICT=1 makes it an error too).
#
#   BENCH_QUICK=1   a token run that shows that the bench works
#   RELAIS_BIN      the executable to measure, instead of a release build of this tree
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
export HARNESS_CACHE="${HARNESS_CACHE:-$CARGO_TARGET_DIR/harness-cache}"

./tests/install.sh
builds=(-p harness --bin bench)
[ -n "${RELAIS_BIN:-}" ] || builds+=(-p relais --bin relais)
cargo build --release --quiet "${builds[@]}"

# The build may be for an explicit target.
newest() { ls -t "$CARGO_TARGET_DIR"/*/release/"$1" "$CARGO_TARGET_DIR"/release/"$1" 2>/dev/null | head -1; }
export RELAIS_BIN="${RELAIS_BIN:-$(newest relais)}"
# Ten thousand viewers are as many descriptors, on either side.
limit=$(ulimit -Hn)
[ "$limit" = unlimited ] && limit=65536
ulimit -n "$limit"

echo "$("$RELAIS_BIN" --version), $(nginx -v 2>&1 | sed 's/.*: //'), $(ffmpeg -version | sed -n '1s/ Copyright.*//p')"
echo "$(nproc) cores, Linux $(uname -r), load $(cut -d' ' -f1-3 /proc/loadavg)"
exec "$(newest bench)" rows --out "$CARGO_TARGET_DIR/bench" "$@"
