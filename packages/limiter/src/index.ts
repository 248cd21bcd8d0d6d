export { type AlgorithmName, type Meter } from './algorithms/index.js'
export { type Decision, type Mode, type PolicyState } from './decision.js'
export { LimiterError, type LimiterErrorCode } from './errors.js'
export { type LimiterEvents } from './events.js'
export { formatRateLimit, formatRateLimitPolicy, formatRetryAfter } from './fields.js'
export { limitKey } from './key.js'
export {
  type ConsumeOptions,
  createLimiter,
  Limiter,
  type LimiterOptions,
  type OnFailure
} from './limiter.js'
export { definePolicy, type Policy, type PolicyOptions } from './policy.js'
export {
  type Leased,
  type LeaseTerms,
  type LimitStore,
  type Slice,
  type Verdict,
  type Verdicts
} from './store.js'
export { type LimiterCall, type LimiterTraces } from './traces.js'
export { memoryStore, type MemoryStoreOptions } from './stores/memory.js'
