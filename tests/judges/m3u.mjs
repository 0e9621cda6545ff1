// An M3U list on standard input, as iptv-playlist-parser reads it, on standard output.
import { readFileSync } from 'node:fs'
import parser from 'iptv-playlist-parser'

const { header, items } = parser.parse(readFileSync(0, 'utf8'))
const entries = items.map(({ name, url, tvg, group, http, catchup, raw }) => ({
  name,
  url: url ?? null,
  id: tvg.id,
  tvg_name: tvg.name,
  logo: tvg.logo,
  group: group.title,
  referrer: http.referrer,
  user_agent: http['user-agent'],
  catchup,
  // The parser has no field for it, but its own reader of attributes.
  number: raw.getAttribute('tvg-chno'),
}))
process.stdout.write(JSON.stringify({ header: header.attrs, entries }))
