#!/bin/sh
# Makes slate.ts: an 8 s loop, exactly: 200 pictures (25/s, closed GOPs of 1 s, no B-frames) and 375 frames of
# silent AAC (1024 samples at 48 kHz), so that both end where the next turn begins.
set -eu
cd "$(dirname "$0")"

font=${FONT:-/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf}
bars="color=c=0x10141c:size=640x360:rate=25:duration=8"
# A dark field, a thin frame, a dot that breathes once in 2 s (so 4 times in a loop) and two lines of text.
draw="drawbox=x=40:y=40:w=560:h=280:color=0x222a38:t=2"
draw="$draw,drawtext=fontfile=$font:text='●':fontcolor=0xd04848:fontsize=30:x=(w-tw)/2:y=108:alpha='0.35+0.35*cos(PI*t)'"
draw="$draw,drawtext=fontfile=$font:text='Pas de signal':fontcolor=0xe6e9ef:fontsize=34:x=(w-tw)/2:y=160"
draw="$draw,drawtext=fontfile=$font:text='No signal':fontcolor=0x8a93a6:fontsize=22:x=(w-tw)/2:y=212"

# The encoder puts one frame of priming before the sound: 374 frames become 375.
ffmpeg -nostdin -hide_banner -loglevel warning -y \
  -f lavfi -i "$bars,$draw,format=yuv420p" \
  -f lavfi -i "anullsrc=channel_layout=stereo:sample_rate=48000:nb_samples=1024,atrim=end_sample=382976" \
  -map 0:v -map 1:a \
  -c:v libx264 -profile:v main -preset veryslow -crf 30 -bf 0 -g 25 -keyint_min 25 -sc_threshold 0 \
  -x264-params "open-gop=0:scenecut=0:aud=1:stitchable=1:repeat-headers=1" \
  -c:a aac -profile:a aac_low -b:a 32k -ac 2 -ar 48000 \
  -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1 \
  -muxdelay 0.2 -muxpreload 0 -mpegts_flags +resend_headers -pes_payload_size 0 -f mpegts slate.ts
ls -l slate.ts
