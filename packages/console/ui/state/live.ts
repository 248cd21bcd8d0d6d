import { LiveFeed } from '../model/live-feed.js'

/** Counts and invalidations as they happen, for as long as the page is open. */
export const live = new LiveFeed(() => new EventSource('api/stats/live'))
