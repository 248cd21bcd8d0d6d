import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import type { Instance } from './fleet.js'
import type { Judge, Violation } from './judge.js'
import type { Random } from './random.js'

export interface LoadOptions {
  readonly instances: readonly Instance[]
  readonly judge: Judge
  readonly random: Random
  readonly resources: number
  /** Of each instance. */
  readonly readers: number
  readonly writers: number
  /** A writer's pause, at most, in ms. */
  readonly pause: number
  readonly onViolation: (violation: Violation) => void
}

/** What came of the requests so far. */
export interface Counts {
  reads: number
  hits: number
  writes: number
  /** Writes without an acknowledgement: done or not. */
  unacknowledged: number
  /** Reads without an answer: the instance was killed. */
  unanswered: number
  /** Answers of 500 and more, to reads and to writes, and what the first of each said. */
  failedReads: number
  failedWrites: number
  firstFailures: string[]
}

interface Answer {
  readonly id: number
  readonly version: number
}

/** Clients of all instances, each of which asks for the next thing as soon as it has got the last. */
export class Load {
  readonly counts: Counts = {
    reads: 0, hits: 0, writes: 0, unacknowledged: 0, unanswered: 0, failedReads: 0, failedWrites: 0, firstFailures: []
  }

  /** While it is set many handlers take long. */
  slow = false
  readonly #options: LoadOptions
  /** What has just changed, to be read from each instance first. */
  readonly #news: number[][]
  #stopped = false

  constructor (options: LoadOptions) {
    this.#options = options
    this.#news = options.instances.map(() => [])
  }

  /** Resolves when every client has stopped. Rejects if an answer is not about what was asked. */
  async run (): Promise<void> {
    const { instances, readers, writers, random } = this.#options
    const clients: Promise<void>[] = []
    for (const instance of instances) {
      for (let i = 0; i < readers; i++) clients.push(this.#read(instance, random.of(`reader ${instance.name}${i}`)))
      for (let i = 0; i < writers; i++) clients.push(this.#write(instance, random.of(`writer ${instance.name}${i}`)))
    }
    await Promise.all(clients)
  }

  /** Each client, when it has had its answer. */
  stop (): void {
    this.#stopped = true
  }

  async #read (instance: Instance, random: Random): Promise<void> {
    const { resources } = this.#options
    const etags = new Map<number, string>()
    const news = this.#news[instance.index] ?? []
    while (!this.#stopped) {
      await instance.up
      const id = news.shift() ?? random.skewed(resources)
      // In any case, so that choices do not depend on answers.
      const slow = random.chance(this.slow ? 0.3 : 0.005) ? random.between(1, 1000) : 0
      const etag = random.chance(0.15) ? etags.get(id) : undefined
      const headers = { 'x-delay': String(Math.round(slow)), ...etag !== undefined && { 'if-none-match': etag } }
      await this.#readOne(instance, id, headers, etags)
    }
  }

  async #readOne (instance: Instance, id: number, headers: Record<string, string>, etags: Map<number, string>): Promise<void> {
    const { judge, onViolation } = this.#options
    const { counts } = this
    const told = judge.told(id)
    const begin = performance.now()
    const response = await ask(instance, { method: 'GET', path: `/versions/${id}`, headers })
    const end = performance.now()
    if (response === undefined) {
      counts.unanswered++
      return
    }
    if (response.status >= 500) {
      counts.failedReads++
      this.#failed(`GET /versions/${id} on ${instance.name}: ${response.status} ${response.text}`)
      return
    }
    const { version } = response.status === 304 ? ofEtag(response.etag, id) : ofBody(response.text, id)
    etags.set(id, response.etag)
    counts.reads++
    if (/; hit;/.test(response.cacheStatus)) counts.hits++
    const isNews = version > (judge.told(id)?.version ?? 0)
    const violation = judge.read({ resource: id, version, instance: instance.name, begin, end, cacheStatus: response.cacheStatus }, told)
    if (violation !== undefined) onViolation(violation)
    else if (isNews) this.#tellOthers(instance, id)
  }

  async #write (instance: Instance, random: Random): Promise<void> {
    const { judge, resources, pause } = this.#options
    const { counts } = this
    while (!this.#stopped) {
      await delay(random.between(0, pause))
      await instance.up
      const id = random.skewed(resources)
      const slow = random.chance(0.15) ? random.between(1, 200) : 0
      const response = await ask(instance, { method: 'PUT', path: `/versions/${id}`, headers: { 'x-delay': String(Math.round(slow)) } })
      if (response === undefined) {
        counts.unacknowledged++
      } else if (response.status !== 200) {
        counts.failedWrites++
        this.#failed(`PUT /versions/${id} on ${instance.name}: ${response.status} ${response.text}`)
      } else {
        counts.writes++
        judge.written(id, { version: ofBody(response.text, id).version, instance: instance.name, at: performance.now() })
        this.#tellOthers(instance, id)
      }
    }
  }

  /** Who still has the old version shows it now or never. */
  #tellOthers (teller: Instance, id: number): void {
    for (const { index } of this.#options.instances) {
      const news = this.#news[index]
      if (index !== teller.index && news !== undefined && news.length < 100 && !news.includes(id)) news.push(id)
    }
  }

  #failed (what: string): void {
    if (this.counts.firstFailures.length < 5) this.counts.firstFailures.push(what)
  }
}

/** Undefined if there is no answer. */
async function ask ({ pool }: Instance, request: Dispatcher.RequestOptions) {
  try {
    if (pool === undefined) throw new Error('it has been killed')
    const { statusCode: status, headers: answered, body } = await pool.request(request)
    return { status, text: await body.text(), etag: String(answered.etag), cacheStatus: String(answered['cache-status']) }
  } catch {
    // Not at once again: whoever killed it has to come round to starting it.
    await delay(5)
    return undefined
  }
}

function ofBody (text: string, id: number): Answer {
  const answer = JSON.parse(text) as Answer
  if (answer.id !== id || !(answer.version > 0)) throw new Error(`asked for resource ${id} and got ${text.slice(0, 200)}`)
  return answer
}

function ofEtag (etag: string, id: number): Answer {
  const [of, version] = etag.replaceAll('"', '').split('.').map(Number)
  if (of !== id || version === undefined) throw new Error(`asked for resource ${id} and got 304 for ${etag}`)
  return { id, version }
}
