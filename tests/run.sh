#!/bin/bash
# The whole test run: format, lints, unit, property, integration and browser tests, a short soak.
# Prints the time of each step and, last, "N passed, N failed". Non-zero exit when anything failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}" RUST_BACKTRACE="${RUST_BACKTRACE:-0}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
export HARNESS_CACHE="${HARNESS_CACHE:-$CARGO_TARGET_DIR/harness-cache}"

passed=0 failed=0 started=$SECONDS
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

# step NAME COMMAND…: runs it, counts it as one test.
step() {
    local name=$1 begin=$SECONDS
    shift
    echo "== $name"
    if "$@"; then
        passed=$((passed + 1))
        echo "-- $name: passed, $((SECONDS - begin)) s"
    else
        failed=$((failed + 1))
        echo "-- $name: FAILED, $((SECONDS - begin)) s"
        return 1
    fi
}

# Cargo's or nextest's own counts instead of one per step.
tests() {
    local begin=$SECONDS out=$log/tests status p f
    echo "== tests"
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace "$@" 2>&1 | tee "$out"
        status=$?
        p=$(sed -n 's/.*Summary.* \([0-9]*\) passed.*/\1/p' "$out" | tail -1)
        f=$(sed -n 's/.*Summary.* \([0-9]*\) failed.*/\1/p' "$out" | tail -1)
        local t
        t=$(sed -n 's/.*Summary.* \([0-9]*\) timed out.*/\1/p' "$out" | tail -1)
        f=$((${f:-0} + ${t:-0}))
    else
        cargo test --workspace --no-fail-fast "$@" -- --test-threads=2 2>&1 | tee "$out"
        status=$?
        p=$(sed -n 's/^test result: .* \([0-9]*\) passed;.*/\1/p' "$out" | awk '{n += $1} END {print n + 0}')
        f=$(sed -n 's/^test result: .* \([0-9]*\) failed;.*/\1/p' "$out" | awk '{n += $1} END {print n + 0}')
    fi
    p=${p:-0} f=${f:-0}
    [ "$status" -ne 0 ] && [ "$f" -eq 0 ] && f=1
    [ "$p" -eq 0 ] && [ "$f" -eq 0 ] && f=1
    passed=$((passed + p)) failed=$((failed + f))
    echo "-- tests: $p passed, $f failed, $((SECONDS - begin)) s"
}

finish() {
    echo "total $((SECONDS - started)) s"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}

step install ./tests/install.sh || finish
step format cargo fmt --all --check
step lints cargo clippy --workspace --all-targets --quiet -- -D warnings
if step build cargo build --workspace --bins --tests --quiet; then
    tests
    step soak ./tests/soak.sh 1
fi
finish
