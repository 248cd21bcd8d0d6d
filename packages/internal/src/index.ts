export { Breaker, type BreakerOptions } from './breaker.js'
export { BREAKER_CHANGE, breakerChanged, type BreakerChangeMessage } from './breaker-change.js'
export { millisecondsOf, type Unit } from './duration.js'
export { EventLoopDelay } from './event-loop-delay.js'
export { RecentKeys } from './recent-keys.js'
export { reasonOf } from './reason-of.js'
export { redact, REDACTED, redactJson } from './redact.js'
export {
  isReplyError,
  runScript,
  type Script,
  script,
  type ScriptArgument,
  type ScriptClient
} from './script.js'
export {
  assertSendable,
  isMalformedRequest,
  MalformedRequest,
  type Sendable
} from './sendable.js'
export { shown } from './shown.js'
export { parseTraceparent, type SpanIds, traceparent } from './traceparent.js'
export { tracedOn, type TracedWork } from './traced-work.js'
export { within } from './within.js'
