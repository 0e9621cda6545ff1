#!/bin/sh
# Builds relais and shows it at work: a demo provider with six test-pattern channels, one of them on air.
#
#   ./packaging/quickstart.sh               build, then run in the foreground (Ctrl-C stops it)
#   ./packaging/quickstart.sh --build-only  build, and stop there
#
# Needs Debian 12 or later, or a relative of it, and a Rust toolchain. Installs ffmpeg and a C compiler from
# the distribution's packages where they are missing. May be run again at any time.
#
# The demo's data are in RELAIS_DATA_DIR, by default ${XDG_STATE_HOME:-~/.local/state}/relais-demo: it leaves
# another relais on this machine alone. RELAIS_API_LISTEN and RELAIS_PUBLIC_LISTEN move its ports.
set -eu

say() { printf '%s\n' "quickstart: $*"; }
die() { printf '%s\n' "quickstart: $*" >&2; exit 1; }

usage='usage: packaging/quickstart.sh [--build-only]'
build_only=no
for argument in "$@"; do
    case $argument in
        --build-only) build_only=yes ;;
        -h | --help) printf '%s\n' "$usage"; exit 0 ;;
        *) printf '%s\n' "$usage" >&2; exit 2 ;;
    esac
done

cd "$(dirname "$0")/.."

[ "$(uname -sm)" = "Linux x86_64" ] || die "relais builds on Linux x86_64; this is $(uname -sm)"

# rustup puts cargo where a shell that was open before does not look.
if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo" ]; then
    PATH=${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH
fi
command -v cargo >/dev/null 2>&1 || die "there is no Rust toolchain: install one from https://rustup.rs, then run this again"

missing=
command -v ffmpeg >/dev/null 2>&1 || missing="$missing ffmpeg"
# The linker, and the C library to link statically, come with these.
command -v cc >/dev/null 2>&1 || missing="$missing gcc"
[ -n "$(cc -print-file-name=libc.a 2>/dev/null | grep / || true)" ] || missing="$missing libc6-dev"
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null 2>&1 || die "install$missing first (there is no apt-get here)"
    root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || die "install$missing first, as root: apt-get install$missing"
        root=sudo
    fi
    say "installing$missing"
    $root apt-get update -q
    # shellcheck disable=SC2086 # a list of words
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
fi

say "building (the first time takes some minutes)"
cargo build --release --locked --bin relais
program=${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/release/relais
[ -x "$program" ] || die "the build left no $program"
if [ "$build_only" = yes ]; then
    say "built $program"
    exit 0
fi

if [ -z "${RELAIS_DATA_DIR:-}" ]; then
    [ -n "${XDG_STATE_HOME:-}${HOME:-}" ] || die "set RELAIS_DATA_DIR: there is no HOME"
    RELAIS_DATA_DIR=${XDG_STATE_HOME:-$HOME/.local/state}/relais-demo
fi
mkdir -p "$RELAIS_DATA_DIR"
RELAIS_DATA_DIR=$(cd "$RELAIS_DATA_DIR" && pwd)
# A socket of its own, and no RTMP port: neither is needed here, and both could be taken.
: "${RELAIS_ADMIN_SOCKET=$RELAIS_DATA_DIR/admin.sock}"
: "${RELAIS_RTMP_LISTEN=}"
export RELAIS_DATA_DIR RELAIS_ADMIN_SOCKET RELAIS_RTMP_LISTEN

say "starting (data in $RELAIS_DATA_DIR)"
[ -z "$RELAIS_ADMIN_SOCKET" ] || say "from another terminal: $program --socket $RELAIS_ADMIN_SOCKET status"
exec "$program" serve --demo
