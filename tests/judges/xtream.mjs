// A panel as @iptv/xtream-api sees it: address, username and password on standard input, a line each.
import { readFileSync } from 'node:fs'
import { Xtream } from '@iptv/xtream-api'
import { standardizedSerializer } from '@iptv/xtream-api/standardized'

const [url, username, password] = readFileSync(0, 'utf8').split('\n')
const client = new Xtream({ url, username, password, preferredFormat: 'ts' })
const typed = new Xtream({ url, username, password, preferredFormat: 'ts', serializer: standardizedSerializer })

const channels = await client.getChannels()
const movies = await client.getMovies()
const shows = await client.getShows()
const answer = {
  profile: await client.getProfile(),
  server: await client.getServerInfo(),
  categories: {
    live: await client.getChannelCategories(),
    vod: await client.getMovieCategories(),
    series: await client.getShowCategories(),
  },
  channels,
  movies,
  shows,
  page: await client.getChannels({ page: 2, limit: 5 }),
  category: await client.getChannels({ categoryId: channels[0].category_id }),
  movie: await client.getMovie({ movieId: movies[0].stream_id }),
  show: await client.getShow({ showId: shows[0].series_id }),
  guide: await client.getShortEPG({ channelId: channels[0].stream_id, limit: 3 }),
  // With dates, numbers and plain text: what is of the wrong type breaks here.
  typed: {
    profile: await typed.getProfile(),
    channels: await typed.getChannels(),
    movies: await typed.getMovies(),
    shows: await typed.getShows(),
    show: await typed.getShow({ showId: shows[0].series_id }),
    guide: await typed.getShortEPG({ channelId: channels[0].stream_id, limit: 3 }),
  },
}
process.stdout.write(JSON.stringify(answer))
