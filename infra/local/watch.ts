import { type Agent, type Dispatcher } from 'undici'

/** One instance as the front door sees it. */
export interface Upstream {
  readonly name: string
  /** Undefined while it cannot answer. */
  readonly url: string | undefined
}

/** Times in ms. */
interface WatchLimits {
  /** Time to the first byte of a response after which the instance is probed. */
  readonly suspect: number
  /** Time for a probe to be answered, and between two probes of an instance set aside. */
  readonly probe: number
}

/** Error of a safe request that was taken from a frozen instance, before any byte of a response. */
class InstanceFrozen extends Error {
  readonly code = 'WEIR_ERR_INSTANCE_FROZEN'
}

export const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

type Answer<T> = Dispatcher.ResponseData<T>
type Callback<T> = (error: Error | null, answer: Answer<T>) => void

/**
 * Sends requests to the instances of a service, and sets an instance aside that neither answers a
 * request nor a probe, until a probe is answered. Its safe requests fail with InstanceFrozen if
 * another instance can take them; with a single instance, they wait for it.
 */
export class Watch {
  /** Instances set aside, with the timer of their next probe. */
  readonly #aside = new Map<Upstream, NodeJS.Timeout>()
  readonly #probes = new Map<Upstream, Promise<boolean>>()
  #turn = 0

  constructor (
    readonly upstreams: readonly Upstream[],
    readonly agent: Agent,
    readonly limits: WatchLimits
  ) {}

  /**
   * Returns the next instance in turn that is up and was not tried yet: one that is set aside only
   * if there is no other.
   */
  next (tried: ReadonlySet<Upstream>): { upstream: Upstream, url: string } | undefined {
    const { length } = this.upstreams
    const inTurn = this.upstreams.map((_, i) => this.upstreams[(this.#turn + i) % length])
    const up = inTurn.flatMap((upstream) =>
      upstream?.url === undefined || tried.has(upstream) ? [] : [{ upstream, url: upstream.url }]
    )
    const chosen = up.find(({ upstream }) => !this.#aside.has(upstream)) ?? up[0]
    if (chosen !== undefined) this.#turn = (this.upstreams.indexOf(chosen.upstream) + 1) % length
    return chosen
  }

  /** Sends a request like undici; for `@fastify/reply-from`. */
  request<T = null> (options: Dispatcher.RequestOptions<T>, callback: Callback<T>): void
  request<T = null> (options: Dispatcher.RequestOptions<T>): Promise<Answer<T>>
  request<T = null> (
    options: Dispatcher.RequestOptions<T>,
    callback?: Callback<T>
  ): Promise<Answer<T>> | undefined {
    const upstream = this.upstreams.find(({ url }) => url === String(options.origin))
    const leaving = new AbortController()
    const isSafe = SAFE.includes(options.method)
    const timer = setInterval(() => {
      if (upstream === undefined) return
      this.#answers(upstream).then((answers) => {
        if (!answers && isSafe && this.#hasOther(upstream)) leaving.abort(new InstanceFrozen())
      }, () => {})
    }, this.limits.suspect).unref()
    const watched = { ...options, signal: leaving.signal }
    if (callback === undefined) {
      return this.agent.request(watched).finally(() => { clearInterval(timer) })
    }
    this.agent.request(watched, (error, answer) => {
      clearInterval(timer)
      callback(error, answer)
    })
    return undefined
  }

  /** Ends the probes. */
  stop (): void {
    for (const timer of this.#aside.values()) clearTimeout(timer)
    this.#aside.clear()
  }

  #hasOther (than: Upstream): boolean {
    return this.upstreams.some((one) =>
      one !== than && one.url !== undefined && !this.#aside.has(one))
  }

  /** Probes an instance, once for all of its requests, unless it is set aside. */
  async #answers (upstream: Upstream): Promise<boolean> {
    if (this.#aside.has(upstream)) return false
    let probe = this.#probes.get(upstream)
    if (probe === undefined) {
      probe = this.#probe(upstream)
      this.#probes.set(upstream, probe)
      probe.then((answers) => {
        this.#probes.delete(upstream)
        if (!answers) this.#setAside(upstream)
      }, () => {})
    }
    return probe
  }

  #setAside (upstream: Upstream): void {
    const again = async () => {
      // A dead instance gets no requests; the next process in its place is another one.
      if (upstream.url === undefined || await this.#probe(upstream)) this.#aside.delete(upstream)
      else if (this.#aside.has(upstream)) this.#setAside(upstream)
    }
    const timer = setTimeout(() => { again().catch(() => {}) }, this.limits.probe).unref()
    this.#aside.set(upstream, timer)
  }

  /** Any response is one, of any status. */
  async #probe ({ url: origin }: Upstream): Promise<boolean> {
    if (origin === undefined) return false
    try {
      const signal = AbortSignal.timeout(this.limits.probe)
      const { body } = await this.agent.request({
        origin,
        path: '/health/live',
        method: 'GET',
        signal
      })
      await body.dump()
      return true
    } catch {
      return false
    }
  }
}
