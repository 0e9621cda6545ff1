#!/bin/bash
# The long forms: everything of run.sh, then the soak, the benches and the fuzz targets.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
failed=0

./tests/run.sh || failed=1
echo "== browser, the long form"
RELAIS_LONG=1 cargo test --quiet --test browser -- --include-ignored --test-threads 1 || failed=1
echo "== soak, 10 minutes"
./tests/soak.sh 10 || failed=1
if [ -x tests/bench/run.sh ]; then
    echo "== benches"
    ./tests/bench/run.sh || failed=1
    ./tests/bench/catalogue.sh || failed=1
fi
# libFuzzer by cargo-fuzz; without the address sanitizer the stable compiler will do.
cargo fuzz --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-fuzz || failed=1
for target in tests/fuzz/fuzz_targets/*.rs; do
    name=$(basename "$target" .rs)
    echo "== fuzz $name, ${FUZZ_SECONDS:-300} s"
    cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none "$name" -- \
        -max_total_time="${FUZZ_SECONDS:-300}" -max_len=65536 -timeout=10 -rss_limit_mb=2048 || failed=1
done
[ "$failed" -eq 0 ] && echo "nightly: passed" || echo "nightly: FAILED"
exit "$failed"
