import type { TestMemcached } from '@weir/internal/testing'
import { MemcacheClient } from 'memcache-client'
import type { Test } from 'tap'
import type { Store } from '../src/index.js'
import { memcachedStore, type MemcachedStoreOptions } from '../src/stores/memcached/index.js'
import { Servers } from '../src/stores/memcached/servers.js'
import type { StorePlace } from './store-place.js'

/** A store that is closed after the test, with a timeout suited to a busy machine. */
export function openMemcached (t: Test, options: MemcachedStoreOptions): Store {
  const store = memcachedStore({ commandTimeout: 60_000, ...options })
  t.teardown(() => store.close())
  return store
}

/** A namespace's head, an entry or its fill. */
type Kind = 'h' | 'e' | 'f'

/** Items as another client of the servers sees them. */
export class Behind {
  readonly #servers: Servers
  readonly #clients: ReadonlyMap<string, MemcacheClient>

  constructor (t: Test, servers: readonly string[], readonly prefix = 'weir') {
    this.#servers = new Servers(servers, 1000)
    this.#clients = new Map(
      servers.map((server) => [server, new MemcacheClient({ server, noDelay: true })])
    )
    t.teardown(() => {
      this.#servers.close()
      for (const client of this.#clients.values()) client.shutdown()
    })
  }

  /** Deletes an item, like an eviction. */
  async evict (kind: Kind, ...names: string[]): Promise<void> {
    const { client, name } = this.#at(kind, names)
    await client.delete(name).catch((error: Error) => {
      if (error.message !== 'NOT_FOUND') throw error
    })
  }

  /** Reads the bytes of an item. */
  async read (kind: Kind, ...names: string[]): Promise<Buffer | undefined> {
    const { client, name } = this.#at(kind, names)
    const item = await client.get<Buffer>(name)
    return Buffer.isBuffer(item?.value) ? item.value : undefined
  }

  /**
   * Replaces the bytes of an item, unless it is missing or another client has changed it meanwhile.
   */
  async change (change: (bytes: Buffer) => Buffer, kind: Kind, ...names: string[]): Promise<void> {
    const { client, name } = this.#at(kind, names)
    const item = await client.gets<Buffer>(name)
    if (!Buffer.isBuffer(item?.value)) return
    await client
      .cas(name, change(item.value), { lifetime: 0, casUniq: item.casUniq })
      .catch((error: Error) => {
        if (error.message !== 'EXISTS' && error.message !== 'NOT_FOUND') throw error
      })
  }

  /** Deletes the last segment of a namespace's changes. */
  async evictSegment (namespace: string): Promise<void> {
    const [, epoch, , , , trimmed] = JSON.parse(
      String((await this.read('h', namespace)) ?? '[]')
    ) as [unknown, string, ...number[]]
    const { client, name } = this.#at('s', [namespace])
    await client.delete(`${name}:${epoch}:${trimmed}`).catch((error: Error) => {
      if (error.message !== 'NOT_FOUND') throw error
    })
  }

  /** Runs `flush_all` on each server. */
  async flush (): Promise<void> {
    for (const client of this.#clients.values()) await client.cmd('flush_all')
  }

  #at (kind: string, names: readonly string[]): { client: MemcacheClient, name: string } {
    const { server, digest } = this.#servers.locate(...names)
    const client = this.#clients.get(server.address)
    if (client === undefined) throw new Error('no such server')
    return { client, name: `${this.prefix}:${kind}:${digest}` }
  }
}

/** An emptied place on these servers for the store contract. */
export async function memcachedPlace (
  t: Test,
  servers: readonly TestMemcached[]
): Promise<StorePlace> {
  const addresses = servers.map(({ address }) => address)
  const behind = new Behind(t, addresses)
  await behind.flush()
  return {
    process: { kind: 'memcached', servers: addresses },
    open: async (options) => openMemcached(t, { servers: addresses, ...options }),
    async setClock (namespace, clock) {
      await behind.change(
        (bytes) => {
          const head = JSON.parse(String(bytes)) as unknown[]
          head[3] = clock
          return Buffer.from(JSON.stringify(head))
        },
        'h',
        namespace
      )
    },
    loseRecords: (namespace) => behind.evict('h', namespace)
  }
}
