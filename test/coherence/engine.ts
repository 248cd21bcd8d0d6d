import { setTimeout as delay } from 'node:timers/promises'
import {
  type Cache,
  CacheError,
  createCache,
  type EntryOptions,
  type Fill,
  keyTag,
  type Store
} from '@weir/cache'
import type { Outbox } from '@weir/outbox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'
import type { CurrentVersion, VersionsSchema } from './database.js'
import {
  namesOf,
  type Resource,
  RESOURCES,
  type Way,
  workload,
  type WorkloadName
} from './resources.js'

export interface EngineParts {
  readonly name: string
  readonly store: Store
  /** The store, used only while the outbox is drained. */
  readonly guarded: Store
  readonly outbox: Outbox
  readonly currentVersion: CurrentVersion
  readonly writer: Kysely<VersionsSchema>
}

/** The content of a cache entry. */
interface Value {
  readonly id: number
  readonly version: number
  readonly setAt?: number
}

/** A resource's new version: from now on, no client may be served an older one. */
export interface Written {
  readonly id: number
  readonly version: number
}

/**
 * The response to a write: which versions are acknowledged, when the write began, and why the cache
 * refused the rest.
 */
export interface WriteAnswer {
  readonly written: readonly Written[]
  readonly began?: number
  readonly refused?: string
}

/** The origin was told to fail. */
export class OriginError extends Error {
  readonly statusCode = 503
}

/** Milliseconds, the same in all processes of a machine. */
const sharedClock = () => Number(process.hrtime.bigint()) / 1e6

const IN_ENGINE: readonly WorkloadName[] = ['failures', 'keys', 'sets', 'refills', 'cold']

// Some expire while others are still fresh, most never.
const TTLS = ['1h', '2s', '10m', '250ms'] as const
const WINDOWS = ['300ms', '2s', '1h'] as const

function optionsOf (resource: Resource): EntryOptions {
  const tags = [namesOf(resource).tag]
  const { index } = resource
  switch (resource.workload) {
    case 'failures':
      return { tags, ttl: 50, staleIfError: '1h' }
    case 'refills':
      return { tags, ttl: 20, staleWhileRevalidate: WINDOWS[index % WINDOWS.length] ?? 0 }
    case 'keys':
    case 'cold':
      return { tags, ttl: '1h' }
    default:
      return { tags, ttl: TTLS[index % TTLS.length] ?? 0 }
  }
}

/** Reads the headers that set how long the origin takes, and whether it fails. */
export async function asOrigin ({ headers }: Pick<FastifyRequest, 'headers'>): Promise<void> {
  const ms = Number(headers['x-delay'])
  if (ms > 0) await delay(ms)
  if (headers['x-fail'] !== undefined) throw new OriginError('the origin was told to fail')
}

/**
 * Resources of the engine itself, out of reach for HTTP. `GET /engine/7` reads one, `PUT
 * /engine?way=refill&ids=7,8` writes some.
 */
export class Engine {
  readonly #caches: ReadonlyMap<WorkloadName, Cache<Value>>

  constructor (readonly parts: EngineParts) {
    const { store, guarded, name } = parts
    this.#caches = new Map(
      IN_ENGINE.map((namespace) => [
        namespace,
        createCache<Value>({
          store: workload(namespace).outboxed ? guarded : store,
          namespace,
          name
        })
      ])
    )
  }

  /** Delivers invalidations of the outbox. */
  async invalidate (tags: readonly string[]): Promise<void> {
    await this.#cache('failures').invalidate(tags)
  }

  routes (app: FastifyInstance): void {
    app.get<{ Params: { id: string } }>('/engine/:id', (request) =>
      this.#read(resource(request.params.id), request)
    )
    app.put<{ Querystring: { way: Way; ids: string } }>('/engine', (request) =>
      this.#write(request.query.ids.split(',').map(resource), request.query.way, request)
    )
  }

  async #read (resource: Resource, request: FastifyRequest) {
    const { key } = namesOf(resource)
    let filled = ''
    const value = await this.#cache(resource.workload).remember(
      key,
      optionsOf(resource),
      async () => {
        filled = 'failed'
        const value = await this.#compute(resource, request)
        filled = 'fill'
        return value
      }
    )
    // The fill failed, and there still is a value: a stale one.
    const how = { '': 'hit', fill: 'fill', failed: 'STALE_IF_ERROR' }[filled] ?? ''
    return { ...value, cacheStatus: `engine; ${how};` }
  }

  async #compute (resource: Resource, request: FastifyRequest): Promise<Value> {
    const { id } = resource
    const { key, tag } = namesOf(resource)
    const version = await this.parts.currentVersion(id)
    await asOrigin(request)
    if (workload(resource.workload).outboxed) await this.parts.outbox.settle([tag, keyTag(key)])
    return { id, version }
  }

  async #write (
    resources: readonly Resource[],
    way: Way,
    request: FastifyRequest
  ): Promise<WriteAnswer> {
    const [first] = resources
    if (first === undefined) return { written: [] }
    try {
      switch (way) {
        case 'queue':
          return { written: [await this.#queue(first, request)] }
        case 'set':
          await this.#raise(resources)
          return await this.#set(first)
        case 'set-again':
          return await this.#set(first)
        case 'refill':
          return { written: await this.#refill(resources, request) }
        default:
          return await this.#invalidate(resources, way, request)
      }
    } catch (error) {
      if (error instanceof Error && 'code' in error) {
        return { written: [], refused: refusalText(error) }
      }
      throw error
    }
  }

  async #queue ({ id, ...rest }: Resource, request: FastifyRequest): Promise<Written> {
    const { outbox, writer } = this.parts
    const { key, tag } = namesOf({ id, ...rest })
    const { version, ticket } = await writer.transaction().execute(async (trx) => ({
      ...(await trx
        .updateTable('versions')
        .set(({ eb }) => ({ version: eb('version', '+', 1) }))
        .where('id', '=', id)
        .returning('version')
        .executeTakeFirstOrThrow()),
      ticket: await outbox.add(trx, [id % 4 < 2 ? tag : keyTag(key)])
    }))
    await asOrigin(request)
    await outbox.deliver(ticket)
    return { id, version }
  }

  /** Commits the next version of each resource. */
  #raise (resources: readonly Resource[]): Promise<Written[]> {
    return this.parts.writer
      .updateTable('versions')
      .set(({ eb }) => ({ version: eb('version', '+', 1) }))
      .where(
        'id',
        'in',
        resources.map(({ id }) => id)
      )
      .returning(['id', 'version'])
      .execute()
  }

  /**
   * Version and call are in one turn of the event loop if a file has the version, so that no newer
   * one can be known here in between. Postgres answers later: `setAt` is the time of the call, and
   * values put after an invalidation began may be older.
   */
  async #set (resource: Resource): Promise<WriteAnswer> {
    const { id, workload } = resource
    const current = this.parts.currentVersion(id)
    const version = typeof current === 'number' ? current : await current
    const setAt = sharedClock()
    const stored = await this.#cache(workload).set(
      namesOf(resource).key,
      { id, version, setAt },
      optionsOf(resource)
    )
    return { written: stored ? [{ id, version }] : [], began: setAt }
  }

  async #invalidate (
    resources: readonly Resource[],
    way: Way,
    request: FastifyRequest
  ): Promise<WriteAnswer> {
    const written = await this.#raise(resources)
    await asOrigin(request)
    const began = sharedClock()
    const [first] = resources
    if (first === undefined) return { written, began }
    const cache = this.#cache(first.workload)
    if (way === 'clear') await cache.clear()
    else if (way === 'delete') await cache.delete(namesOf(first).key)
    else await cache.invalidate(resources.map((one) => namesOf(one).tag))
    return { written, began }
  }

  /** Acknowledges values stored in place of valid ones; there is no invalidation. */
  async #refill (resources: readonly Resource[], request: FastifyRequest): Promise<Written[]> {
    const begun = await Promise.all(
      resources.map(async (resource) => ({
        resource,
        fill: await this.#beginRefill(resource, request)
      }))
    )
    await this.#raise(resources)
    const written = await Promise.all(
      begun.map(async ({ resource, fill }) => {
        const { id } = resource
        const current = this.parts.currentVersion(id)
        const version = typeof current === 'number' ? current : await current
        const stored = await fill?.commit({ id, version }, () => optionsOf(resource))
        return stored?.result === 'stored' ? [{ id, version }] : []
      })
    )
    return written.flat()
  }

  async #beginRefill (
    resource: Resource,
    request: FastifyRequest
  ): Promise<Fill<Value> | undefined> {
    const { key } = namesOf(resource)
    const cache = this.#cache(resource.workload)
    const found = await cache.find(key)
    if (found !== undefined) return cache.revalidate(key, found.entry)
    await cache.remember(key, optionsOf(resource), () => this.#compute(resource, request))
    return undefined
  }

  #cache (name: WorkloadName): Cache<Value> {
    const cache = this.#caches.get(name)
    if (cache === undefined) throw new Error(`${name} is not in the engine`)
    return cache
  }
}

function resource (id: string): Resource {
  const resource = RESOURCES[Number(id)]
  if (resource === undefined) throw new Error(`there is no resource ${id}`)
  return resource
}

/** The error and its causes, in one line. */
function refusalText (error: Error): string {
  const { code } = error as { code?: unknown }
  const because = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error instanceof CacheError ? '' : `${error.name} `}${String(code)}${because}`
}
