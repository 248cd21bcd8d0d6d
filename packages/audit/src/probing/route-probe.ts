import { sendWithin } from '../target/send-within.js'
import type { Answer, Method, Target } from '../target/target.js'
import type { Budget } from './budget.js'
import { type Change, sentOf } from './change.js'
import { isCausal } from './confirm.js'
import { type HitSign, hitSign } from './hit.js'
import {
  byHeader, byHost, byPath, byQuery, byEmptying, byRefresh, type Isolation, type Key
} from './isolation.js'
import { newToken } from './token.js'
import { Control, isSameBody, type View, viewOf } from './view.js'

/** A route to audit, with an example of its URL. */
export interface AuditedRoute {
  readonly method: Method
  /** Pattern, such as `/products/:id`, or the path if there is none. */
  readonly name: string
  /** Path and query of an example. */
  readonly url: string
  /** Names of query parameters, header fields and cookies that the app declares. */
  readonly query: readonly string[]
  readonly headers: readonly string[]
  readonly cookies: readonly string[]
  /** Whether `config.cache.public` says that all clients may get them; undefined if unknown. */
  readonly isPublic: boolean | undefined
}

/** Sends the requests of one route, and knows its plain response. */
export class RouteProbe {
  readonly route: AuditedRoute
  readonly target: Target
  readonly #budget: Budget
  readonly #timeout: number
  #isolation: Isolation | undefined
  #control: Control | undefined
  #plain: Answer | undefined
  #sign: HitSign | undefined
  readonly #reads = {
    headers: new Set<string>(),
    query: new Set<string>(),
    cookies: new Set<string>()
  }

  constructor (
    route: AuditedRoute,
    { target, budget, timeout }: { target: Target, budget: Budget, timeout: number }
  ) {
    this.route = route
    this.target = target
    this.#budget = budget
    this.#timeout = timeout
  }

  /** Header fields, parameters and cookies that the app has read so far; only in process. */
  get reads (): Readonly<Record<'headers' | 'query' | 'cookies', ReadonlySet<string>>> {
    return this.#reads
  }

  get isolation (): Isolation | undefined { return this.#isolation }

  /** The sign of hits, if there were any. */
  get sign (): HitSign | undefined { return this.#sign }

  get control (): Control {
    if (this.#control === undefined) throw new Error('The route is not prepared')
    return this.#control
  }

  /** Adds a plain response that differs from those before: the route changes on its own. */
  learn (view: View): void {
    this.#control = this.control.with(view)
  }

  /** A plain response, filled under a key of its own. */
  get plain (): Answer {
    if (this.#plain === undefined) throw new Error('The route is not prepared')
    return this.#plain
  }

  /** An entry for one trial. Without isolation, trials share what is stored. */
  async fresh (): Promise<Key> {
    return await this.#isolation?.fresh() ?? { token: newToken(), apply: (change) => change }
  }

  /** Sends one request under a key. */
  async ask (key: Key, change: Change = {}): Promise<Answer> {
    this.#budget.spend()
    const sent = sentOf(this.route.method, this.route.url, key.apply(change))
    const answer = await sendWithin(this.target, sent, this.#timeout)
    for (const kind of ['headers', 'query', 'cookies'] as const) {
      for (const name of answer.reads?.[kind] ?? []) this.#reads[kind].add(name)
    }
    return answer
  }

  /**
   * Learns how the route answers, whether it is cached, and what makes entries of their own.
   * @param pathOf returns the path with another value of its last parameter
   */
  async prepare (pathOf: ((token: string) => string) | undefined): Promise<void> {
    let harmless: Isolation | undefined
    let isIsolated = false
    let answered = 0
    for (const isolation of this.#isolations(pathOf)) {
      const found = await this.#attempt(isolation)
      isIsolated = found === 'isolated'
      if (isIsolated) break
      if (found === 'answered') harmless ??= isolation
      // A route that answers without any sign of a cache needs no other.
      if (this.#sign === undefined && harmless !== undefined && ++answered > 1) break
    }
    if (!isIsolated) {
      // Trials differ by something that the keys of most caches have.
      this.#isolation = this.#sign === undefined ? harmless ?? byQuery(BUSTER) : undefined
    }
    await this.#learn()
  }

  * #isolations (pathOf: ((token: string) => string) | undefined): Generator<Isolation> {
    yield byQuery(BUSTER)
    // The lease of a busy instance ends at times, and its first reads are misses.
    if (this.#sign === undefined) yield byQuery(BUSTER)
    for (const name of [...this.route.query, ...this.#reads.query]) yield byQuery(name)
    yield byHost
    for (const name of varied(this.#plain)) yield byHeader(name)
    if (pathOf !== undefined) yield byPath(pathOf)
    yield byRefresh
    const { clear, renew } = this.target
    if (clear !== undefined) yield byEmptying('an emptied cache', clear)
    if (renew !== undefined) yield byEmptying('a new app', renew)
  }

  async #attempt (isolation: Isolation): Promise<'isolated' | 'answered' | 'refused'> {
    this.#isolation = isolation
    const one = await this.fresh()
    const filled = await this.ask(one)
    const read = await this.ask(one)
    const other = await this.fresh()
    const beside = await this.ask(other)
    this.#plain ??= filled
    const sign = hitSign(filled, read)
    const view = viewOf(filled, one.token)
    const same = new Control(view, viewOf(read, one.token))
    const isFilled = sign !== undefined && filled.status < 400
    // A response that changes with each request and is repeated under one key was stored.
    const isRepeated = !same.hasVolatileWords && read.status === filled.status &&
      new Control(view, viewOf(beside, other.token)).hasVolatileWords &&
      // One equal pair may be chance.
      (sign !== undefined || await this.#isRepeated())
    this.#sign ??= sign ?? (isRepeated ? 'unchanged' : undefined) ??
      // The first request may have found what others had stored.
      hitSign(beside, await this.ask(other))
    if (isRepeated && sign === undefined) return 'isolated'
    return isFilled && hitSign(filled, beside) === undefined &&
      beside.status === filled.status && hasFilled(beside, filled)
      ? 'isolated'
      : filled.status < 400 ? 'answered' : 'refused'
  }

  /** Whether equal requests get one body under one key, and another body under each other key. */
  async #isRepeated (): Promise<boolean> {
    const isSame = async (one: Key, other: Key) => isSameBody(
      viewOf(await this.ask(one), one.token), viewOf(await this.ask(other), other.token))
    return await isCausal(
      async () => {
        const key = await this.fresh()
        return await isSame(key, key)
      },
      async () => await isSame(await this.fresh(), await this.fresh()),
      8
    )
  }

  async #learn (): Promise<void> {
    const views = []
    for (let i = 0; i < 3; i++) {
      const key = await this.fresh()
      const answer = await this.ask(key)
      if (i === 0) this.#plain = answer
      views.push(viewOf(answer, key.token))
    }
    const [first, ...others] = views
    if (first !== undefined) this.#control = new Control(first, ...others)
  }
}

/** Parameter that clients do not send. */
const BUSTER = 'weir-audit'

/** Whether both ran the handler, or neither; true over the wire. */
const hasFilled = (a: Answer, b: Answer) => a.reads?.hasRun === b.reads?.hasRun

const varied = (answer: Answer | undefined): readonly string[] =>
  (answer?.headers.get('vary') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== '*' && name !== 'accept-encoding')
