import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { type Counts, noCounts } from './counts.js'
import type { Destination } from './edge.js'
import type { Instance } from './fleet.js'
import type { Judge, Violation } from './judge.js'
import { News } from './news.js'
import type { Random } from './random.js'
import { ReadRequest, type Response, WriteRequest } from './requests.js'
import { type Resource, resourcesOf, workload, type WorkloadName } from './resources.js'

export interface LoadOptions {
  readonly instances: readonly Instance[]
  /** A destination of purges, which gets most of the reads over HTTP. */
  readonly edge?: Destination | undefined
  readonly judge: Judge
  readonly random: Random
  readonly workloads: readonly WorkloadName[]
  /** Number of resources in `versions`: the fewer, the more often each is written. */
  readonly versions: number
  /** Readers per instance. */
  readonly readers: number
  readonly writers: number
  /** Whether an instance receives writes now. Default: always. */
  readonly writes?: (instance: Instance) => boolean
  /** Longest pause of a writer, in ms. */
  readonly pause: number
  /** Whether Redis has no memory left. */
  readonly isFull: () => boolean
  /** Whether the database may be lost, so that fills fail. Default: never. */
  readonly losesDatabase?: boolean
  readonly onViolation: (violation: Violation) => void
  /** Called for each response to a read and each acknowledgement. */
  readonly onAnswer: (what: 'reads' | 'writes') => void
}

/**
 * The clients of all instances. Each sends its next request as soon as it has the previous
 * response.
 */
export class Load {
  readonly counts: Counts = noCounts()
  /** While set, many handlers are slow. */
  slow = false
  /** While set, many handlers fail, if their workload may. */
  failing = false
  readonly #options: LoadOptions
  readonly #resources: ReadonlyMap<WorkloadName, readonly Resource[]>
  /** Recent changes, to be read from each instance first. */
  readonly #news: News
  #stopped = false
  #turn = 0

  constructor (options: LoadOptions) {
    const { workloads, versions, instances } = options
    this.#options = options
    this.#resources = new Map(
      workloads.map((name) => [
        name,
        resourcesOf(name).slice(0, name === 'versions' ? versions : undefined)
      ])
    )
    this.#news = new News(instances.length)
  }

  /** Resolves when every client has stopped. Rejects if a response does not match its request. */
  async run (): Promise<void> {
    const { instances, readers, writers, random } = this.#options
    const clients: Promise<void>[] = []
    for (const instance of instances) {
      for (let i = 0; i < readers; i++) {
        clients.push(this.#read(instance, random.of(`reader ${instance.name}${i}`)))
      }
      for (let i = 0; i < writers; i++) {
        clients.push(this.#write(instance, random.of(`writer ${instance.name}${i}`)))
      }
    }
    await Promise.all(clients)
  }

  /** Stops each client after its current response. */
  stop (): void {
    this.#stopped = true
    this.#news.stop()
  }

  async #read (instance: Instance, random: Random): Promise<void> {
    const etags = new Map<number, string>()
    while (!this.#stopped) {
      await instance.up
      const resources = this.#draw(random, 'reads')
      const { skewed } = workload(resources[0]?.workload ?? 'versions')
      const drawn =
        resources[
          skewed
            ? random.skewed(resources.length)
            : Math.floor(random.between(0, resources.length))
        ]
      // Drawn in any case, so that choices do not depend on responses.
      const slow = random.chance(this.slow ? 0.3 : 0.005) ? random.between(1, 1000) : 0
      const failing = random.chance(this.failing ? 0.7 : 0.1)
      // Failures take time too: other requests wait for them, and writes happen in between.
      const late = random.between(0, 300)
      const conditional = random.chance(0.15)
      const resource = this.#news.next(instance.index) ?? drawn
      if (resource === undefined) continue
      const willFail = failing && workload(resource.workload).fails
      const origin = { delay: willFail ? slow + late : slow, fails: willFail }
      await this.#readOne(
        instance,
        new ReadRequest(
          resource,
          origin,
          random,
          conditional ? etags.get(resource.id) : undefined
        ),
        etags
      )
    }
  }

  async #readOne (
    instance: Instance,
    request: ReadRequest,
    etags: Map<number, string>
  ): Promise<void> {
    const { judge, onViolation, onAnswer, edge } = this.#options
    const { resource } = request
    const known = judge.told(resource.id)
    const begin = performance.now()
    const isBefore = edge !== undefined && request.isHttp && ++this.#turn % 4 !== 0
    const target = isBefore ? edge.target() : instance
    const response = await ask(target, request.options)
    const end = performance.now()
    if (response === undefined || response.status >= 500) {
      return this.#failedRead(instance, request, response)
    }
    const { version, setAt, cacheStatus } = request.answer(response)
    etags.set(resource.id, response.etag)
    this.#countRead(resource, cacheStatus)
    onAnswer('reads')
    const read = {
      resource: resource.id,
      version,
      instance: target.name,
      begin,
      end,
      cacheStatus,
      setAt
    }
    if (isBefore) {
      this.counts.edgeReads++
      if (response.isEdgeHit) this.counts.edgeHits++
      const fetch = edge.front.fetchOf(response.fetch, response.isEdgeHit, end)
      const violation = edge.judge.read(read, fetch)
      if (violation !== undefined) onViolation(violation)
      return
    }
    const isNews = workload(resource.workload).outboxed && judge.seen(read)
    const violation = judge.read(read, known)
    if (violation !== undefined) onViolation(violation)
    else if (isNews) this.#news.tell(resource, instance.index)
  }

  #failedRead (
    { name }: Instance,
    { resource, options }: ReadRequest,
    response: Response | undefined
  ): void {
    const { counts } = this
    if (response === undefined) counts.unanswered++
    // Another client may have requested the failure.
    else if (workload(resource.workload).fails) counts.originErrors++
    else if (this.#options.losesDatabase === true && response.text.includes(LOST)) {
      counts.originErrors++
    } else {
      counts.failedReads++
      this.#failed(`GET ${String(options.path)} on ${name}: ${response.status} ${response.text}`)
    }
  }

  #countRead ({ workload }: Resource, cacheStatus: string): void {
    const { counts } = this
    const isHit = cacheStatus.includes('; hit;')
    for (const tally of [counts, counts.workloads[workload]]) {
      tally.reads++
      if (isHit) tally.hits++
    }
    if (cacheStatus.includes('STALE_IF_ERROR')) counts.workloads[workload].standIns++
  }

  async #write (instance: Instance, random: Random): Promise<void> {
    const { pause } = this.#options
    while (!this.#stopped) {
      await delay(random.between(0, pause))
      await instance.up
      if (this.#options.writes?.(instance) === false) continue
      const resources = this.#draw(random, 'writes')
      const slow = random.chance(0.15) ? random.between(1, 200) : 0
      const request = WriteRequest.draw(resources, random, slow)
      // While the value is in flight, if that takes long.
      const [overtaker, soon] = [random.pick(this.#options.instances), random.between(5, 100)]
      const overtakes = random.chance(0.7) && request.way.startsWith('set')
      await Promise.all([
        this.#writeOne(instance, request),
        overtakes && this.#overtake(overtaker, request, soon)
      ])
    }
  }

  async #overtake (instance: Instance, { resources }: WriteRequest, soon: number): Promise<void> {
    await delay(soon)
    await instance.up
    await this.#writeOne(instance, new WriteRequest(resources, 'invalidate', 0))
  }

  async #writeOne (instance: Instance, request: WriteRequest): Promise<void> {
    const { judge, isFull, onAnswer, edge } = this.#options
    const { counts } = this
    const wasFull = isFull()
    const sent = performance.now()
    const response = await ask(instance, request.options)
    if (response === undefined) {
      counts.unacknowledged++
      return
    }
    if (response.status !== 200) {
      counts.failedWrites++
      // A write refused for its key or tag is never applied.
      if (response.text.includes('INVALID_')) counts.refused++
      this.#failed(
        `PUT ${String(request.options.path)} on ${instance.name}: ${response.status} ${response.text}`
      )
      return
    }
    const { written, began, refused } = request.answer(response)
    if (refused !== undefined) this.#refused(instance, request, refused)
    if (written.length === 0) return
    const at = performance.now()
    if (wasFull && isFull() && INVALIDATIONS.has(request.way)) counts.whileFull++
    onAnswer('writes')
    const isConfirmed = !response.isUnconfirmed
    if (!isConfirmed) counts.unconfirmed++
    for (const { id, version } of written) {
      const resource = request.resources.find((resource) => resource.id === id)
      if (resource === undefined) {
        throw new Error(`${String(request.options.path)} has written ${id}`)
      }
      judge.written(id, {
        by: request.way.startsWith('set') ? 'set' : 'write',
        version,
        instance: instance.name,
        at,
        began: resource.workload === 'sets' ? began : undefined
      })
      if (request.way === 'put') {
        edge?.judge.written(id, { version, instance: instance.name, sent, at, isConfirmed })
      }
      for (const tally of [counts, counts.workloads[resource.workload]]) tally.writes++
      this.#news.tell(resource, instance.index)
    }
  }

  /** Handles a refused write: usually Redis is down, and nothing was promised. */
  #refused (instance: Instance, { way, options }: WriteRequest, refused: string): void {
    this.counts.unacknowledged++
    const isInvalidation = INVALIDATIONS.has(way) || way === 'queue'
    if (!refused.includes('INVALID_') && !(isInvalidation && /\bOOM\b/.test(refused))) return
    this.counts.refused++
    this.#failed(`PUT ${String(options.path)} on ${instance.name}: ${refused}`)
  }

  /** Draws the resources of a workload, each workload in proportion to its share. */
  #draw (random: Random, what: 'reads' | 'writes'): readonly Resource[] {
    const all = [...this.#resources]
    let left = random.between(
      0,
      all.reduce((sum, [name]) => sum + workload(name)[what], 0)
    )
    const drawn = all.find(([name]) => (left -= workload(name)[what]) < 0)
    return drawn?.[1] ?? []
  }

  #failed (what: string): void {
    const short = what.slice(0, 300)
    if (this.counts.firstFailures.length < 5) this.counts.firstFailures.push(short)
  }
}

/** Names of servers that answer without an instance. */
const PROXIES: ReadonlySet<string> = new Set(['varnish', 'nginx'])

/** The code of an error of a database that cannot be used. */
const LOST = 'WEIR_POSTGRES_UNAVAILABLE'

const INVALIDATIONS: ReadonlySet<string> = new Set(['invalidate', 'delete', 'clear'])

/** Sends a request; undefined if there is no response. */
async function ask (
  { pool, name }: Pick<Instance, 'pool' | 'name'>,
  request: Dispatcher.RequestOptions
): Promise<Response | undefined> {
  try {
    if (pool === undefined) throw new Error('it has been killed')
    const { statusCode: status, headers: answered, body } = await pool.request(request)
    const text = await body.text()
    // A proxy, or no instance, has answered.
    if (PROXIES.has(name) && status >= 500 && answered['cache-status'] === undefined) {
      throw new Error('no instance is up')
    }
    return {
      status,
      text,
      isEdgeHit: answered['x-cache'] === 'HIT' || / /.test(String(answered['x-varnish'] ?? '')),
      fetch: String(answered['x-fetch'] ?? ''),
      isUnconfirmed: answered['weir-edge'] !== undefined,
      etag: String(answered.etag),
      cacheStatus: String(answered['cache-status'])
    }
  } catch {
    // Not at once: the fault that killed it has to start it again first.
    await delay(5)
    return undefined
  }
}
