export { type HeaderValue, type Headers, fieldValue } from './headers.js'
export { type EntityTag, parseEntityTag, parseEntityTags, strongMatch, weakMatch } from './etag.js'
export { type Representation, evaluatePreconditions, isWeakDate } from './preconditions.js'
export { type CacheControl, parseCacheControl, deltaSeconds } from './cache-control.js'
export { type CacheStatus, appendCacheStatus, formatCacheStatus } from './cache-status.js'
export { parseCacheGroups, formatCacheGroups } from './cache-groups.js'
export { earlyHints } from './early-hints.js'
export { type NotStored, type Storing, type StoringOptions, decideStoring } from './storing.js'
export { type ExchangeTimes } from './age.js'
export { type Policy, ageSeconds, hasValidators, ttlSeconds } from './policy.js'
export { type StoredHeaders, endToEndHeaders, updatedHeaders } from './stored-headers.js'
export { type Reuse, type ReuseOptions, type ReuseReason, decideReuse } from './reuse.js'
export { type StoredAnswer, answerFromParts, answerFromStored, answerWithLess } from './answer.js'
export { type RangeAnswer, contentRange } from './range.js'
export {
  type Parts,
  type Span,
  availableSpan,
  bytesOf,
  combineParts,
  coversWhole,
  isComplete,
  parseContentRange
} from './partial.js'
export { type StoredParts, completionHeaders, placeIn } from './completion.js'
export { type Multipart, multipartBody } from './multipart.js'
export { type ValidationOutcome, fetchHeaders, outcomeOf, outcomeOfHead } from './validation.js'
export { servesStaleOnError } from './failure.js'
export { isServerFailure } from './statuses.js'
export { selectStored, variantKey, varyNames } from './vary.js'
export {
  type QueryVariance,
  formatNoVarySearch,
  parseNoVarySearch,
  selectingQuery
} from './no-vary-search.js'
export { feedsGet } from './post.js'
export { type ResponseDirectives, responseDirectives } from './response-directives.js'
export { invalidatedPaths, isSafeMethod } from './invalidation.js'
