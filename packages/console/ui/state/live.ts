import { LiveFeed } from '../model/live-feed.js'

/** Live counts and invalidations while the page is open. */
export const live = new LiveFeed(() => new EventSource('api/stats/live'))
