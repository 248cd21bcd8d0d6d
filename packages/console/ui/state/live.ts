import { LiveFeed } from '../model/live-feed.js'

/** What happens now, for as long as the page is open. */
export const live = new LiveFeed(() => new EventSource('/api/stats/live'))
