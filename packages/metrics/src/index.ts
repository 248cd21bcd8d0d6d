export * from './record.js'
export {
  type AnnouncedRoute, type Announcement, boundedAnnouncement, isAnnouncedPath, isPublicUrl
} from './announcement.js'
export { addedTo } from './cache-counts.js'
export { Counters } from './counters.js'
export {
  boundedEdge,
  edgeBox,
  type EdgeDestinationState,
  type EdgeLetter,
  type EdgeRequest,
  type EdgeState,
  MOST_LETTERS
} from './edge.js'
export { MetricsError, type MetricsErrorCode } from './errors.js'
export { parseEdgeRequest } from './parse.js'
export { Recorder, type RecorderOptions, type Vitals } from './recorder.js'
export { type RouteCounter } from './route-counter.js'
export { emptySeries, mergeSeries, quantileMs, subtractSeries } from './series.js'
export { type MetricsStore, type Requests } from './store.js'
export { memoryStore } from './stores/memory.js'
export { type Tally } from './tally.js'
