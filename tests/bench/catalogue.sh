#!/bin/bash
# tests/bench/catalogue.sh [rows…]: the catalogue and the guide at the size of real providers. Rows: import-100k,
# import-xtream, import-1m, import-jitter, guide; all unless some are named. Figures as a table, and as JSON in
# target/bench/catalogue.
#
#   BENCH_QUICK=1   a twentieth of the entries, to show that the bench works
#   BENCH_STRICT=1  a row that misses its target is an error
#   RELAIS_BIN      the executable to measure, instead of a release build of this tree
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
export HARNESS_CACHE="${HARNESS_CACHE:-$CARGO_TARGET_DIR/harness-cache}"

builds=(-p harness --bin bench)
[ -n "${RELAIS_BIN:-}" ] || builds+=(-p relais --bin relais)
cargo build --release --quiet "${builds[@]}"

# The build may be for an explicit target.
newest() { ls -t "$CARGO_TARGET_DIR"/*/release/"$1" "$CARGO_TARGET_DIR"/release/"$1" 2>/dev/null | head -1; }
export RELAIS_BIN="${RELAIS_BIN:-$(newest relais)}"

echo "$("$RELAIS_BIN" --version), $(nproc) cores, Linux $(uname -r), load $(cut -d' ' -f1-3 /proc/loadavg)"
[ $# -gt 0 ] || set -- import-100k import-xtream import-1m import-jitter guide
exec "$(newest bench)" rows --out "$CARGO_TARGET_DIR/bench/catalogue" "$@"
