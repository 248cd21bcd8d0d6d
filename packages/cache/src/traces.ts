import { tracingChannel } from 'node:diagnostics_channel'
import { LONGEST_TIMER } from './duration.js'
import { emit, hasListeners } from './events.js'
import type { FillOutcome } from './fill.js'
import type { Entries, StoreNamespace } from './store.js'
import { type AroundCall, aroundEntries, aroundValidity, type StoreCall } from './store-calls.js'
import type { Validity } from './validity.js'

/** The messages on this package's tracing channels, by channel name. */
export interface CacheTraces {
  /**
   * A fill, from the start of its function until its value is stored. `end` marks the end of the
   * function's synchronous part.
   */
  'weir:cache:fill': FillTrace
  /** A caller's wait for another caller's fill. */
  'weir:cache:wait': WaitTrace
  'weir:cache:call': CallTrace
}

/** Work with a start and an end. */
export interface Traced {
  /**
   * Set by a subscriber of `start` to run the work in its own context. If it is already set, the
   * subscriber calls the existing function within its own.
   */
  around?: <R>(fn: () => R) => R
  /** Set before `error`. */
  error?: unknown
}

/** A call of the store. */
export interface CallTrace extends StoreCall, Traced {}

/** A wait for another caller's fill. */
export interface WaitTrace extends Traced {
  readonly namespace: string
  readonly key: string
  /** Whether another instance computes the value. */
  readonly elsewhere: boolean
  /** The fill being waited for, once known; only for fills of this instance. */
  fill?: FillTrace | undefined
  /** The span of another instance's fill, if that instance has announced one. */
  traceparent?: string | undefined
}

/**
 * The end of a fill: the outcome of storing its value, or the reason why there is none to share.
 * `timeout`: `fillTimeout` expired.
 */
export type TracedOutcome =
  | (FillOutcome<unknown> & { kind: 'value' })['result']
  | Exclude<FillOutcome<unknown>['kind'], 'value'>
  | 'timeout'

const fills = tracingChannel<unknown, FillTrace>('weir:cache:fill')
const waits = tracingChannel<unknown, WaitTrace>('weir:cache:wait')
const calls = tracingChannel<unknown, CallTrace>('weir:cache:call')

/** A fill, as published to the subscribers of its channel. */
export class FillTrace implements Traced {
  around?: <R>(fn: () => R) => R
  error?: unknown
  outcome?: TracedOutcome
  /** Microseconds that computing the value took, if there is one. */
  cost?: number
  /** Tags of the value, if there is one. */
  tags?: readonly string[]
  /**
   * The fill's span (W3C Trace Context), for instances that wait for it. Set by a subscriber of
   * `start`.
   */
  traceparent?: string
  #state: 'new' | 'running' | 'ended' = 'new'
  #timer: NodeJS.Timeout | undefined

  /**
   * @param background whether it replaces a value that is served meanwhile: no caller waits for it
   * @param timeout milliseconds after which it ends for its subscribers, even if it is still
   *   running
   */
  constructor (
    readonly namespace: string,
    readonly key: string,
    readonly background: boolean,
    readonly timeout: number
  ) {}

  /** Runs the fill's function. */
  run<R>(fn: () => R): R {
    if (this.#state !== 'new') return this.within(fn)
    this.#state = 'running'
    this.#timer = setTimeout(
      () => {
        this.#end('timeout')
      },
      Math.min(this.timeout, LONGEST_TIMER)
    ).unref()
    return fills.start.runStores(this, () => {
      try {
        return this.within(fn)
      } finally {
        fills.end.publish(this)
      }
    })
  }

  /** Runs other work that belongs to the fill. */
  within<R>(fn: () => R): R {
    return this.#state === 'running' ? inContext(this, fn) : fn()
  }

  end (outcome: FillOutcome<unknown>): void {
    if (outcome.kind === 'error') this.error = outcome.error
    if (outcome.kind === 'value') {
      this.cost = outcome.entry.cost
      this.tags = outcome.entry.tags
    }
    this.#end(outcome.kind === 'value' ? outcome.result : outcome.kind)
  }

  #end (outcome: TracedOutcome): void {
    if (this.#state !== 'running') return
    this.#state = 'ended'
    clearTimeout(this.#timer)
    this.outcome = outcome
    if (outcome === 'error') fills.error.publish(this)
    fills.asyncStart.publish(this)
    fills.asyncEnd.publish(this)
  }
}

/** Starts the trace of a fill; undefined without subscribers. */
export const traceFill = (
  namespace: string,
  key: string,
  background: boolean,
  timeout: number
): FillTrace | undefined =>
  fills.hasSubscribers ? new FillTrace(namespace, key, background, timeout) : undefined

/** The fill that a caller waits for: of a flight, where it may begin meanwhile, or elsewhere. */
export type AwaitedFill =
  | { readonly flight: { readonly trace?: FillTrace | undefined } }
  | { readonly traceparent: (() => string | undefined) | undefined }

export function traceWait<R> (
  namespace: string,
  key: string,
  awaited: AwaitedFill,
  wait: () => Promise<R>
): Promise<R> {
  const isElsewhere = !('flight' in awaited)
  if (hasListeners('weir:cache:wait')) wait = timed(namespace, key, isElsewhere, wait)
  if (!waits.hasSubscribers) return wait()
  const trace: WaitTrace = { namespace, key, elsewhere: isElsewhere }
  const look = () => {
    if (isElsewhere) trace.traceparent = awaited.traceparent?.()
    else trace.fill = awaited.flight.trace
  }
  look()
  return waits.tracePromise(() => inContext(trace, wait).finally(look), trace)
}

/** Publishes how long the wait took. */
const timed = <R>(
  namespace: string, key: string, elsewhere: boolean, wait: () => Promise<R>
) => (): Promise<R> => {
    const begun = performance.now()
    return wait().finally(() => {
      const ms = performance.now() - begun
      emit('weir:cache:wait', () => ({ namespace, key, elsewhere, ms }))
    })
  }

const traced = new WeakMap<Entries, Entries>()

/**
 * Wraps a store's namespace so that its calls are published to subscribers. The entries object is
 * the same for all caches, because it identifies the namespace.
 */
export function tracedStore (namespace: string, store: StoreNamespace): StoreNamespace {
  const system = store.system === undefined ? undefined : { system: store.system }
  const around: AroundCall = (run, operation, names) => {
    const trace: CallTrace = { namespace, operation, ...system, ...names }
    return calls.tracePromise(() => inContext(trace, run), trace)
  }
  let entries = traced.get(store.entries)
  if (entries === undefined) {
    traced.set(
      store.entries,
      (entries = tracedEntries(store.entries, aroundEntries(store.entries, around)))
    )
  }
  return {
    entries,
    validity: tracedValidity(store.validity, aroundValidity(store.validity, around))
  }
}

function tracedEntries (silent: Entries, told: Entries): Entries {
  const entries = () => calls.hasSubscribers ? told : silent
  const [scan, toldScan] = [silent.scan?.bind(silent), told.scan?.bind(told)]
  return {
    get: (keys) => entries().get(keys),
    set: (key, frame, ttl) => entries().set(key, frame, ttl),
    delete: (key, upTo) => entries().delete(key, upTo),
    swap: (key, seen, frame, ttl) => entries().swap(key, seen, frame, ttl),
    increment: (key, seen, by) => entries().increment(key, seen, by),
    claim: (key, seen) => entries().claim(key, seen),
    waitsOf: async (fill) => await silent.waitsOf?.(fill) ?? [],
    ...(scan && toldScan && {
      scan: (cursor, limit) => (calls.hasSubscribers ? toldScan : scan)(cursor, limit)
    })
  }
}

function tracedValidity (silent: Validity, told: Validity): Validity {
  const validity = () => calls.hasSubscribers ? told : silent
  return {
    stamp: () => validity().stamp(),
    callStamp: () => validity().callStamp(),
    stampIfValid: (entry) => validity().stampIfValid(entry),
    invalidate: (tags, consistency) => validity().invalidate(tags, consistency),
    replace: (entry, until) => validity().replace(entry, until),
    replaced: (key, stamp, until) => validity().replaced(key, stamp, until),
    clear: (consistency) => validity().clear(consistency),
    waitForLeases: () => validity().waitForLeases(),
    isValid: (entry) => validity().isValid(entry)
  }
}

const inContext = <R>(trace: Traced, fn: () => R): R =>
  trace.around === undefined ? fn() : trace.around(fn)
