// A stand-in for relais's public listener, to develop and test the player page without the service.
//
//   node tests/page/stand_in.mjs [--port 8099] [--gop 2] [--burst 0] [--cold]
//
// It speaks the page's whole protocol (page, event stream, endless TS, HLS) over FFmpeg test patterns
// that arrive in real time, or in bursts of so many seconds. Routes under /_/ play the fate:
//   POST /_/on?channel=1|2    put on air, or switch          POST /_/off        nothing on air
//   POST /_/cut?seconds=15    the source is away so long     POST /_/restart?seconds=2  so is the service
//   POST /_/hold?on=1         TS bytes are held back, as by a buffering proxy
//   POST /_/engine?name=hls   what the administrator prefers  POST /_/end       end every TS response, as at an epoch

import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? true);
};
const port = Number(option('port', 8099));
const gop = Number(option('gop', 2));
const burst = Number(option('burst', 0));
const cold = process.argv.includes('--cold');
const assets = join(fileURLToPath(new URL('../../assets', import.meta.url)));
const csp =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "media-src 'self' blob:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const target = 4;
const segmentMinimum = 2;
const names = { 1: 'Ocean', 2: 'Ember' };
const colours = { 1: '0x123a5a', 2: '0x5a2312' };
const tones = { 1: 440, 2: 660 };

/** One channel: an FFmpeg child, cut into chunks that begin with PAT, PMT and a keyframe. */
class Feed {
  constructor(channel) {
    this.channel = channel;
    this.chunks = [];
    this.readers = new Set();
    this.listeners = new Set();
    this.epoch = 0;
    this.start();
  }

  start() {
    this.epoch += 1;
    this.tables = { pat: null, pmt: null };
    this.tail = Buffer.alloc(0);
    this.waiting = [];
    this.longestGap = 0;
    this.lastArrival = 0;
    this.cut = false;
    const c = this.channel;
    this.child = spawn('ffmpeg', ['-nostdin', '-v', 'error', '-re',
      '-f', 'lavfi', '-i', `color=c=${colours[c]}:s=1280x720:r=25`,
      '-re', '-f', 'lavfi', '-i', `sine=frequency=${tones[c]}:sample_rate=48000`,
      '-vf', `drawtext=text='${names[c]} %{pts\\:hms}':fontsize=72:fontcolor=white:x=80:y=(h-th)/2`,
      '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', String(25 * gop), '-keyint_min', String(25 * gop),
      '-sc_threshold', '0', '-b:v', '1500k', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '96k', '-ac', '2',
      '-muxdelay', '0', '-muxpreload', '0', '-flush_packets', '1', '-f', 'mpegts', 'pipe:1'],
    { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child.stdout.on('data', (data) => {
      if (!burst) return this.arrive(data);
      this.waiting.push(data);
      this.release ??= setInterval(() => {
        const held = Buffer.concat(this.waiting);
        this.waiting = [];
        if (held.length) this.arrive(held);
      }, burst * 1000);
    });
  }

  stop() {
    clearInterval(this.release);
    this.release = null;
    this.child.kill('SIGKILL');
    for (const reader of this.readers) reader.end();
    this.readers.clear();
    this.chunks = [];
  }

  arrive(data) {
    if (this.cut) return;
    const now = performance.now();
    if (this.lastArrival && now - this.lastArrival > 200) this.longestGap = Math.max(this.longestGap, (now - this.lastArrival) / 1000);
    this.lastArrival = now;
    data = Buffer.concat([this.tail, data]);
    const whole = data.length - (data.length % 188);
    this.tail = data.subarray(whole);
    let from = 0;
    for (let at = 0; at < whole; at += 188) {
      const pid = ((data[at + 1] & 0x1f) << 8) | data[at + 2];
      if (pid === 0) this.tables.pat = Buffer.from(data.subarray(at, at + 188));
      if (pid === 4096) this.tables.pmt = Buffer.from(data.subarray(at, at + 188));
      const keyframe = pid === 256 && data[at + 1] & 0x40 && data[at + 3] & 0x20 && data[at + 4] > 0 && data[at + 5] & 0x40;
      if (keyframe && this.tables.pmt) {
        this.push(data.subarray(from, at));
        from = at;
        this.begin();
      }
    }
    this.push(data.subarray(from, whole));
  }

  begin() {
    const chunk = { parts: [this.tables.pat, this.tables.pmt], epoch: this.epoch };
    for (const reader of this.readers) if (!reader.started) reader.started = true;
    for (const reader of this.readers) for (const part of chunk.parts) reader.response.write(part);
    this.chunks.push(chunk);
    if (this.chunks.length > 20) this.chunks.shift();
    for (const listener of this.listeners) listener();
  }

  push(bytes) {
    const chunk = this.chunks.at(-1);
    if (!chunk || !bytes.length) return;
    chunk.parts.push(Buffer.from(bytes));
    for (const reader of this.readers) if (reader.started) reader.response.write(bytes);
  }

  /** An endless response from the newest keyframe that leaves the source's longest silence in hand. */
  join(response) {
    const reader = { response, started: false, end: () => response.end() };
    response.writeHead(200, { 'Content-Type': 'video/mp2t', 'Cache-Control': 'no-store' });
    response.flushHeaders();
    const back = 1 + Math.ceil(this.longestGap / gop);
    const chunks = this.chunks.slice(-back);
    for (const chunk of chunks) for (const part of chunk.parts) response.write(part);
    reader.started = chunks.length > 0;
    this.readers.add(reader);
    response.on('close', () => this.readers.delete(reader));
  }
}

/** What is on air, and its HLS programme. */
const air = { channel: 0, generation: 0, state: 'idle', startedAt: null, feed: null, engine: 'auto', hold: false, down: false };
const feeds = new Map();
const hls = { segments: [], sequence: 0, discontinuity: 0, names: new Map() };
const watchers = new Set();
const held = new Set();

function feedOf(channel) {
  if (!feeds.has(channel)) feeds.set(channel, new Feed(channel));
  return feeds.get(channel);
}

function putOnAir(channel) {
  const old = air.feed;
  air.channel = channel;
  air.generation += 1;
  air.state = 'starting';
  air.startedAt = new Date().toISOString().slice(0, 19);
  air.feed = feedOf(channel);
  hls.cursor = null;
  air.feed.listeners.clear();
  air.feed.listeners.add(() => chunkDone(air.feed));
  if (old && old !== air.feed) {
    for (const reader of old.readers) reader.end();
    old.listeners.clear();
    if (cold) { old.stop(); feeds.delete(old.channel); }
  }
  if (air.feed.chunks.length) { air.state = 'live'; chunkDone(air.feed); }
  tell();
}

function chunkDone(feed) {
  if (!feed || feed !== air.feed) return;
  const done = feed.chunks.slice(0, -1);
  if (!hls.cursor || hls.cursor.epoch !== feed.epoch) {
    const warm = hls.cursor ? [] : done.slice(-3);
    hls.cursor = { epoch: feed.epoch, last: null, mark: true };
    for (const chunk of warm) segment(chunk);
  } else if (done.length && done.at(-1) !== hls.cursor.last) {
    segment(done.at(-1));
  }
  if (air.state !== 'live') { air.state = 'live'; tell(); }
  for (const give of [...held]) give();
}

function segment(chunk) {
  hls.cursor.last = chunk;
  const name = randomBytes(16).toString('hex');
  hls.names.set(name, Buffer.concat(chunk.parts));
  hls.segments.push({ name, duration: gop, discontinuity: hls.cursor.mark && hls.sequence + hls.segments.length > 0 });
  hls.cursor.mark = false;
  const keep = Math.ceil((3 * target) / gop) + 1;
  while (hls.segments.length > keep) {
    hls.sequence += 1;
    if (hls.segments.shift().discontinuity) hls.discontinuity += 1;
  }
  if (hls.names.size > 40) hls.names.delete(hls.names.keys().next().value);
}

function playlist() {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-TARGETDURATION:${Math.max(target, gop)}`,
    `#EXT-X-MEDIA-SEQUENCE:${hls.sequence}`, `#EXT-X-DISCONTINUITY-SEQUENCE:${hls.discontinuity}`];
  for (const { name, duration, discontinuity } of hls.segments) {
    if (discontinuity) lines.push('#EXT-X-DISCONTINUITY');
    lines.push(`#EXTINF:${duration.toFixed(3)},`, `/live/~/${name}.ts`);
  }
  return lines.join('\n') + '\n';
}

function status() {
  const active = air.channel > 0;
  return { active, channel_id: active ? air.channel : null, channel_name: active ? `Demo ${air.channel} — ${names[air.channel]}` : null,
    started_at: air.startedAt, state: active ? air.state : 'idle', viewers: watchers.size, generation: air.generation,
    session: `ticket-${Date.now()}`, engine: air.engine, delay: 0 };
}

function tell() {
  for (const watcher of watchers) watcher.write(`event: state\ndata: ${JSON.stringify(status())}\n\n`);
}
setInterval(tell, 30000);
setInterval(() => { for (const watcher of watchers) watcher.write(': still here\n\n'); }, 15000);

const types = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };
const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

async function fate(url, response) {
  const number = (name) => Number(url.searchParams.get(name));
  switch (url.pathname) {
    case '/_/on': putOnAir(number('channel')); break;
    case '/_/off':
      air.channel = 0; air.generation += 1;
      if (air.feed) for (const reader of air.feed.readers) reader.end();
      air.feed = null; tell(); break;
    case '/_/end': for (const reader of air.feed?.readers ?? []) reader.end(); break;
    case '/_/engine': air.engine = url.searchParams.get('name'); tell(); break;
    case '/_/hold': air.hold = number('on') === 1; break;
    case '/_/cut': {
      const feed = air.feed;
      feed.stop(); feed.cut = true; air.state = 'reconnecting'; tell();
      setTimeout(() => feed.start(), number('seconds') * 1000); break;
    }
    case '/_/restart':
      air.down = true;
      for (const socket of sockets) if (socket !== response.socket) socket.destroy();
      setTimeout(() => { air.down = false; }, number('seconds') * 1000); break;
    default: response.writeHead(404).end(); return;
  }
  response.writeHead(200).end('ok');
}

const sockets = new Set();
const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://stand-in');
  if (url.pathname.startsWith('/_/')) return fate(url, response);
  if (air.down) return request.socket.destroy();
  if (url.pathname === '/watch/events') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    watchers.add(response);
    response.on('close', () => { watchers.delete(response); tell(); });
    return tell();
  }
  const unavailable = () => response.writeHead(503, { 'Retry-After': '1' }).end('nothing to send');
  if (url.pathname === '/internal_stream.ts') {
    if (!url.searchParams.get('session')) return response.writeHead(401).end();
    if (air.hold) return;
    if (!air.feed || air.feed.cut) return unavailable();
    return air.feed.join(response);
  }
  if (url.pathname === '/internal_stream.m3u8') {
    if (!url.searchParams.get('session')) return response.writeHead(401).end();
    if (!air.feed) return unavailable();
    response.writeHead(200, { 'Content-Type': 'application/vnd.apple.mpegurl', 'Cache-Control': 'no-store' });
    return response.end(`#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2000000\n/live/~${randomBytes(6).toString('hex')}/main.m3u8\n`);
  }
  if (/^\/live\/~[^/]+\/main\.m3u8$/.test(url.pathname)) {
    for (let i = 0; i < 80 && !hls.segments.length; i += 1) await wait(0.1);
    if (!hls.segments.length) return unavailable();
    response.writeHead(200, { 'Content-Type': 'application/vnd.apple.mpegurl', 'Cache-Control': 'no-store' });
    return response.end(playlist());
  }
  const named = /^\/live\/~\/([0-9a-f]+)\.ts$/.exec(url.pathname);
  if (named) {
    const bytes = hls.names.get(named[1]);
    if (!bytes) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': 'video/mp2t', 'Content-Length': bytes.length });
    return response.end(bytes);
  }
  const path = url.pathname === '/' || url.pathname === '/watch/' ? '/assets/player/index.html' : normalize(url.pathname);
  if (!path.startsWith('/assets/player/')) return response.writeHead(404).end();
  try {
    const body = await readFile(join(assets, path.slice('/assets'.length)));
    response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream', 'Content-Security-Policy': csp,
      'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-cache' }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
server.on('connection', (socket) => { sockets.add(socket); socket.on('close', () => sockets.delete(socket)); });
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => { for (const feed of feeds.values()) feed.stop(); process.exit(0); });
}
