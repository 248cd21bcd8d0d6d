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
export { adviseFleet, type FleetAdvice, type RouteAdvice } from './shadow/fleet-advice.js'
export {
  type Advice, type AdviceCandidate, type AdvisedCache, adviseOn, type Verdict
} from './shadow/advise.js'
export {
  SHADOW_TTLS, type Comparisons, type ShadowFinding, type ShadowTtl, type Sign
} from './shadow/finding.js'
export { mergeFindings } from './shadow/merge.js'
export { type AdviceCode, type AdviceReason, type RelatedWrite } from './shadow/reasons.js'
export { collectionsOf, suggestedTags } from './shadow/route-tags.js'
export { type Probe, RouteSample, type SampledKey, VARY_CANDIDATES } from './shadow/sample.js'
export { textHash } from './shadow/text-hash.js'
