import { type Entry, type Hit, keyTag } from '@weir/cache'
import { fieldValue, formatCacheStatus, type Policy } from '@weir/http'
import { OF_THE_BODY } from './answer.js'
import type { RouteEdge } from './edge-fields.js'
import type { Fields } from './head.js'
import { forgetWhenIdle, type Holder } from './forget-when-idle.js'
import { targetTags } from './key.js'
import { fieldLines, inOnePiece, type ReadyAnswer } from './ready-head.js'
import type { CacheResult } from './result.js'
import { isRemoved, type StoredResponse } from './stored-response.js'
import { type Miss, missOf, type Target } from './target.js'

const OUTCOME = { l1: 'l1', l2: 'l2', coalesced: 'coalesced', outage: 'stale' } as const
const OUTAGE = { standsIn: 'outage' } as const
const DETAIL = { l1: 'memory', l2: 'store', outage: 'OUTAGE' } as const

// Maximum Age (RFC 9111, 1.2.2).
const OLDEST = 2 ** 31

/** Options shared by all hits of an application. */
export interface HitOptions {
  readonly cacheName: string
  /** Whether responses have Cache-Groups. */
  readonly cacheGroups: boolean
  readonly edge?: RouteEdge | undefined
}

/**
 * Returns the remaining freshness in seconds, as in `ttl` of Cache-Status: negative for a stale
 * response (RFC 9211, 2.4).
 */
export const ttlSeconds = (freshUntil: number, now: number) => Math.floor((freshUntil - now) / 1000)

/**
 * Returns the default Cache-Control: downstream caches receive no invalidations, so they
 * revalidate. Errors are not stored by browsers.
 */
export const defaultCacheControl = (status: number) => status < 300 ? 'no-cache' : 'no-store'

/** Kind of answer that can be prepared. */
export type Answer = 'whole' | 'head' | 'notModified'

/** Part of a hit's head that changes every second. */
interface Moment {
  /** Milliseconds since the epoch between which neither Age nor the ttl changes. */
  readonly from: number
  readonly until: number
  readonly source: keyof typeof OUTCOME
  readonly stale: boolean
  /** Age (RFC 9111, 5.1). */
  readonly age: string
  readonly cacheStatus: string
  readonly result: CacheResult
  whole: ReadyAnswer | undefined
  head: ReadyAnswer | undefined
  notModified: ReadyAnswer | undefined
}

/** Lines of an answer that do not change every second, and their fields. */
interface Lasting {
  readonly fields: Fields
  /** Undefined if the answer cannot be prepared. */
  readonly lines: string | undefined
}

// Largest body that is written in one piece with its head, in bytes. Copying longer ones costs more
// than handing them over.
const MOST_JOINED = 4096

const mayBeOld = ({ stale, source }: Moment): boolean => stale || source === 'outage'

/** Head of an entry's hits: each part is computed when it changes, not for each hit. */
export class HitHead implements Holder {
  /** Stored fields, with Date, and without those that change every second. */
  readonly fields: Fields = {}
  /** Fields that hooks had set and the stored response was sent without. */
  readonly removed: readonly string[]
  readonly #response: StoredResponse
  readonly #options: HitOptions
  /** Tags for caches beyond the fleet. */
  readonly #tags: readonly string[]
  #whole: Lasting | undefined
  #notModified: Lasting | undefined
  #moment: Moment | undefined
  #isInUse = true
  #policy: { readonly entry: Entry<StoredResponse>, readonly policy: Policy } | undefined

  constructor (
    { entry: { value: response, storedAt, tags } }: Hit<StoredResponse>,
    options: HitOptions,
    targetTags: readonly string[]
  ) {
    const removed: string[] = []
    for (let i = 0; i < response.headers.length; i += 2) {
      const [name, value = ''] = [String(response.headers[i]), response.headers[i + 1]]
      if (isRemoved(value)) removed.push(name)
      else if (options.cacheGroups || name !== 'cache-groups') this.fields[name] = value
    }
    // The Date is that of the fill: clients and downstream caches compute a response's age from it
    // (RFC 9110, 6.6.1).
    this.fields['date'] = fieldValue(response.header('date')) ?? new Date(storedAt).toUTCString()
    this.removed = removed
    this.#response = response
    this.#options = options
    this.#tags = options.edge === undefined ? [] : [...tags, ...targetTags]
  }

  /**
   * Returns the head of an entry's hits. From the second hit within a second on it is kept with its
   * response until hits stop. Most entries are hit rarely, and would occupy memory in vain.
   */
  static of (
    hit: Hit<StoredResponse>, now: number, options: HitOptions, { key }: Target
  ): HitHead {
    const { value: response } = hit.entry
    if (response.hitHead !== undefined) return response.hitHead
    const head = new HitHead(
      hit, options, options.edge === undefined ? [] : [...targetTags(key, ''), keyTag(key.key)])
    const second = Math.floor(now / 1000) % 2 ** 30
    if (response.lastHit === second) head.#keep()
    response.lastHit = second
    return head
  }

  /** True if responses have fields for caches beyond the fleet. */
  get hasEdge (): boolean {
    return this.#options.edge !== undefined
  }

  /** True if more hits are expected, so that preparing answers pays off. */
  get isKept (): boolean {
    return this.#response.hitHead === this
  }

  #keep (): void {
    this.#response.hitHead = this
    forgetWhenIdle(this)
  }

  /** Returns the policy of the entry, parsed from its fields once. */
  policy (entry: Entry<StoredResponse>): Policy {
    if (this.#policy?.entry !== entry) {
      this.#policy = { entry, policy: this.#response.policy(entry) }
    }
    return this.#policy.policy
  }

  /**
   * Returns the moment of the last hit, unless the whole second of its age or of its ttl has
   * changed.
   */
  at (now: number, hit: Hit<StoredResponse>, target: Target): Moment {
    const { entry, stale, unverified } = hit
    const source = unverified === undefined ? hit.source : 'outage'
    const last = this.#moment
    if (
      last !== undefined &&
      now >= last.from &&
      now < last.until &&
      last.source === source &&
      last.stale === stale
    ) { return last }
    this.#isInUse = true
    const [bornAt, { freshUntil }] = [this.#response.bornAt(entry), entry]
    const age = Math.min(OLDEST, Math.max(0, Math.floor((now - bornAt) / 1000)))
    const ttl = ttlSeconds(freshUntil, now)
    const moment: Moment = {
      from: now,
      until: Math.min(bornAt + (age + 1) * 1000, Math.floor(freshUntil - ttl * 1000) + 1),
      source,
      stale,
      age: String(age),
      cacheStatus: this.#cacheStatus(source, ttl, missOf(target)),
      result: {
        outcome: stale ? 'stale' : OUTCOME[source],
        filledBy: entry.filledBy,
        cost: entry.cost,
        key: target.key.key,
        entry,
        ...(unverified !== undefined && OUTAGE)
      },
      whole: undefined,
      head: undefined,
      notModified: undefined
    }
    this.#moment = moment
    return moment
  }

  /**
   * Returns the complete response, its head, or a 304, as sent at this moment if hooks have set no
   * fields. Undefined if fields set by hooks may affect others, and if it would not be used again.
   */
  ready (answer: Answer, moment: Moment): ReadyAnswer | undefined {
    // The edge must not store a stale response, whose fields are added one by one.
    const { edge } = this.#options
    if (edge !== undefined && (edge.isByTarget || mayBeOld(moment))) return undefined
    return moment[answer] ?? (this.isKept ? this.#ready(answer, moment) : undefined)
  }

  #ready (answer: Answer, moment: Moment): ReadyAnswer | undefined {
    const lasting = answer === 'notModified' ? this.#lastingOf304 : this.#lastingOfAll
    if (lasting.lines === undefined) return undefined
    const { age, cacheStatus } = moment
    const { body, status } = this.#response
    const [isWhole, isJoined] = [
      answer === 'whole' && status !== 204 && body.length > 0,
      body.length <= MOST_JOINED
    ]
    const head = `age: ${age}\r\ncache-status: ${cacheStatus}\r\n${lasting.lines}\r\n`
    const length = lasting.fields['content-length']
    const ready = {
      status: answer === 'notModified' ? 304 : status,
      fields: Object.assign({ age, 'cache-status': cacheStatus }, lasting.fields),
      framing: typeof length === 'string' ? ['content-length', length] : [],
      text: inOnePiece(isWhole && isJoined ? head + body.toString('latin1') : head),
      body: isWhole && !isJoined ? body : undefined
    }
    moment[answer] = ready
    return ready
  }

  get #lastingOfAll (): Lasting {
    const { status, body } = this.#response
    this.#whole ??= this.#lasting(['content-length'], status === 204 ? undefined : body.length)
    return this.#whole
  }

  get #lastingOf304 (): Lasting {
    this.#notModified ??= this.#lasting(OF_THE_BODY, undefined)
    return this.#notModified
  }

  #lasting (without: readonly string[], length: number | undefined): Lasting {
    const { isRaw, hasManyGroups, isProxied, status } = this.#response
    const fields: Fields = {}
    for (const name in this.fields) {
      // Deleting makes an object slow.
      if (!without.includes(name)) fields[name] = this.fields[name] ?? ''
    }
    if (!isProxied) fields['cache-control'] ??= defaultCacheControl(status)
    // Not reached by fields that depend on the target.
    this.#options.edge?.add(fields, this.#tags, '')
    const lines = this.removed.length > 0 || isRaw || hasManyGroups ? undefined : fieldLines(fields)
    if (length !== undefined) fields['content-length'] = String(length)
    return { fields, lines }
  }

  /** Adds the fields for caches beyond the fleet to an answer that is not prepared. */
  addEdge (fields: Fields, moment: Moment, status: number, target: string): void {
    const { edge } = this.#options
    if (mayBeOld(moment) || status === 206 || status === 416) edge?.forbid(fields)
    else edge?.add(fields, this.#tags, target)
  }

  forget (): boolean {
    if (!this.#isInUse) this.#response.hitHead = undefined
    const wasInUse = this.#isInUse
    this.#isInUse = false
    return !wasInUse
  }

  #cacheStatus (source: Moment['source'], ttl: number, miss: Miss): string {
    const { cacheName } = this.#options
    return source === 'coalesced'
      ? formatCacheStatus(cacheName, { fwd: miss, collapsed: true, ttl })
      : formatCacheStatus(cacheName, { hit: true, ttl, detail: DETAIL[source] })
  }
}
