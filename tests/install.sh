#!/bin/sh
# Installs what the tests need and this machine lacks, from Debian's packages. Run as root, or with sudo at hand.
set -eu

missing=""
need() { # program package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need cc build-essential
need ffmpeg ffmpeg
need ffprobe ffmpeg
need nginx nginx-light
need tmux tmux
need chromium chromium
need chromedriver chromium-driver
need cvlc vlc-bin
need setpriv util-linux
need curl curl
need node nodejs
need npm npm
[ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing="$missing fonts-dejavu-core"
# VLC's TS demuxer, decoders and dummy outputs.
ls /usr/lib/*/vlc/plugins/demux/libts_plugin.so >/dev/null 2>&1 || missing="$missing vlc-plugin-base"

if [ -n "$missing" ]; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo"
    echo "installing:$missing"
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q
    # shellcheck disable=SC2086 # a list of words
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
fi

for program in cc cargo ffmpeg ffprobe nginx tmux chromium chromedriver cvlc setpriv curl node npm; do
    command -v "$program" >/dev/null 2>&1 || { echo "$program is missing, and the tests need it" >&2; exit 1; }
done
ffmpeg -hide_banner -encoders 2>/dev/null | grep -q libx264 || { echo "this ffmpeg has no libx264" >&2; exit 1; }

# Parsers and clients of others that judge what relais writes: pinned, checked by npm against the lock, and kept.
here=$(cd "$(dirname "$0")" && pwd)
cache="${HARNESS_CACHE:-${CARGO_TARGET_DIR:-$here/../target}/harness-cache}/judges"
if ! cmp -s "$here/judges/package-lock.json" "$cache/installed"; then
    mkdir -p "$cache"
    cp "$here/judges/package.json" "$here/judges/package-lock.json" "$cache/"
    (cd "$cache" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp "$here/judges/package-lock.json" "$cache/installed"
fi
