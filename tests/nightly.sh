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
fi
if [ -d fuzz ]; then
    for target in fuzz/fuzz_targets/*.rs; do
        name=$(basename "$target" .rs)
        echo "== fuzz $name, ${FUZZ_SECONDS:-300} s"
        cargo +nightly fuzz run "$name" -- -max_total_time="${FUZZ_SECONDS:-300}" || failed=1
    done
fi
[ "$failed" -eq 0 ] && echo "nightly: passed" || echo "nightly: FAILED"
exit "$failed"
