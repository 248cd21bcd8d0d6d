import { runScript } from '@weir/internal'
import type { IoredisClient } from '../client.js'
import type { Argument, ClientState, Driver, Located } from '../driver.js'
import { firstOf } from '../first-of.js'
import { slotOf } from '../slot.js'
import { ECHO } from './echo.js'
import { type IoredisNode, IoredisListener, LISTENER_OPTIONS } from './listener.js'

/** The part of an ioredis client of one server that scans keys. */
interface Scanner {
  scanBuffer?(
    cursor: string,
    match: 'MATCH',
    pattern: string,
    limit: 'COUNT',
    count: number
  ): Promise<unknown>
}

/** An ioredis client with the members that its types, or a test's stand-in, lack. */
interface Client
  extends
  Required<Pick<IoredisClient, 'unlink' | 'evalshaBuffer' | 'evalBuffer'>>,
  Pick<IoredisClient, 'getBuffer' | 'mgetBuffer' | 'hvalsBuffer' | 'getrangeBuffer'>,
  Scanner {
  readonly isCluster?: boolean
  readonly status?: string
  readonly options?: ClientOptions
  readonly condition?: { readonly select?: number } | null
  on?(event: string, listener: () => void): unknown
  off?(event: string, listener: () => void): unknown
  connect?(): Promise<unknown>
  select?(database: number): Promise<unknown>
  duplicate?(options: typeof LISTENER_OPTIONS): unknown
  nodes?(role?: 'master' | 'slave'): readonly (IoredisNode & Scanner)[]
  /** The nodes of each slot, the master first. */
  readonly slots?: readonly (readonly string[] | undefined)[]
  refreshSlotsCache?(): void
  sendCommand?(...command: unknown[]): Promise<unknown>
}

interface ClientOptions {
  readonly keyPrefix?: string
  readonly enableAutoPipelining?: boolean
  readonly commandTimeout?: number
  readonly enableOfflineQueue?: boolean
  readonly db?: number
  readonly redisOptions?: { readonly commandTimeout?: number }
}

/** Recognizes clients of ioredis 5 and 6, and wrappers around one. */
export const isIoredis = (client: object): client is Client =>
  ['unlink', 'evalshaBuffer', 'evalBuffer'].every(
    (method) => typeof Reflect.get(client, method) === 'function'
  )

/**
 * Creates read commands that bypass the client's automatic pipeline.
 *
 * The pipeline's bookkeeping costs as much as the rest of a read, and reads of one turn are already
 * batched. Commands are created by the client's class and sent by the client.
 */
function unpipelined (client: Client): Pick<Client, 'getBuffer' | 'mgetBuffer'> {
  const { options, isCluster } = client
  // The application's own methods, of the client or its class, may use any other part of the
  // client.
  const isOwn = ['getBuffer', 'mgetBuffer'].some(
    (method) => ownerOf(client, method) !== ownerOf(client, 'hvalsBuffer')
  )
  if (
    options?.enableAutoPipelining !== true ||
    client.sendCommand === undefined ||
    isCluster === true ||
    isOwn
  ) { return client }
  // Not the client itself: an object that becomes a prototype is slow to change.
  return Object.create(Reflect.getPrototypeOf(client), {
    options: { value: { ...options, enableAutoPipelining: false } },
    sendCommand: { value: (...command: unknown[]) => client.sendCommand?.(...command) }
  }) as Pick<Client, 'getBuffer' | 'mgetBuffer'>
}

/** Finds the object among the client and its prototypes that has the method. */
function ownerOf (client: object, method: string): object | null {
  let owner: object | null = client
  while (owner !== null && !Object.hasOwn(owner, method)) owner = Reflect.getPrototypeOf(owner)
  return owner
}

const addressOf = ({ options }: IoredisNode) => `${options?.host ?? ''}:${options?.port ?? ''}`

const missing = (method: string) => Promise.reject(new TypeError(`the client has no ${method}`))

/** Drives `Redis` and `Cluster` of ioredis 5 and 6. */
export class IoredisDriver implements Driver {
  readonly isCluster: boolean
  readonly canListen: boolean
  readonly keyPrefix: string
  readonly commandTimeout: number | undefined
  readonly #client: Client
  readonly #reads: Pick<Client, 'getBuffer' | 'mgetBuffer'>
  #wasReady = false

  constructor (client: Client) {
    const { options = {} } = client
    this.#client = client
    this.isCluster = client.isCluster ?? client.nodes !== undefined
    this.canListen = client.nodes !== undefined || client.duplicate !== undefined
    this.keyPrefix = options.keyPrefix ?? ''
    this.commandTimeout = options.commandTimeout ?? options.redisOptions?.commandTimeout
    this.#reads = unpipelined(client)
  }

  get database (): number {
    const { condition, options, isCluster } = this.#client
    return isCluster === true ? 0 : condition?.select ?? options?.db ?? 0
  }

  get state (): ClientState {
    const { status = 'ready', options } = this.#client
    if (status === 'ready') {
      this.#wasReady = true
      return 'ready'
    }
    if (status === 'end') return 'refusing'
    // Initially the connection is on its way. Later, a client without an offline queue has to
    // report at once that there is none.
    const isOnItsWay = !this.#wasReady && ['wait', 'connecting', 'connect'].includes(status)
    return isOnItsWay || options?.enableOfflineQueue !== false ? 'waiting' : 'refusing'
  }

  onChange (changed: () => void): () => void {
    const client = this.#client
    if (client.on === undefined || client.off === undefined) return () => {}
    // Failing commands report errors; ioredis prints errors without a listener.
    const ignore = () => {}
    const events = [
      ['ready', changed],
      ['close', changed],
      ['end', changed],
      ['error', ignore]
    ] as const
    for (const [event, listener] of events) client.on(event, listener)
    return () => { for (const [event, listener] of events) client.off?.(event, listener) }
  }

  wake (): void {
    if (this.#client.status === 'wait') this.#client.connect?.().catch(() => {})
  }

  select (database: number): Promise<unknown> {
    return this.#client.select?.(database) ?? missing('select')
  }

  get (key: string): Promise<unknown> {
    return this.#reads.getBuffer?.(key) ?? missing('getBuffer')
  }

  mget (keys: readonly string[]): Promise<unknown> {
    return this.#reads.mgetBuffer?.(...keys) ?? Promise.all(keys.map((key) => this.get(key)))
  }

  unlink (key: string): Promise<unknown> {
    return this.#client.unlink(key)
  }

  hvals (key: string): Promise<unknown> {
    return this.#client.hvalsBuffer?.(key) ?? missing('hvalsBuffer')
  }

  getrange (key: string, end: number): Promise<unknown> {
    return this.#client.getrangeBuffer?.(key, 0, end) ?? missing('getrangeBuffer')
  }

  masters (): readonly string[] {
    return this.isCluster ? this.#nodes('master').map(addressOf).sort() : ['']
  }

  scan (master: string, cursor: string, pattern: string, count: number): Promise<unknown> {
    const node: Scanner | undefined = this.isCluster
      ? this.#nodes('master').find((node) => addressOf(node) === master)
      : this.#client
    return (
      node?.scanBuffer?.(cursor, 'MATCH', pattern, 'COUNT', count) ?? missing('scanBuffer')
    )
  }

  evalsha (sha: string, keys: number, ...args: Argument[]): Promise<unknown> {
    return this.#client.evalshaBuffer(sha, keys, ...args)
  }

  eval (source: string, keys: number, ...args: Argument[]): Promise<unknown> {
    return this.#client.evalBuffer(source, keys, ...args)
  }

  nodeOf (key: string): string {
    return this.#client.slots?.[slotOf(`${this.keyPrefix}${key}`)]?.[0] ?? ''
  }

  /**
   * ioredis does not look up the slots after a failed pipeline with commands for several of them.
   */
  refresh (): void {
    this.#client.refreshSlotsCache?.()
  }

  async locate (channel: string): Promise<Located> {
    const client = this.#client
    if (client.nodes !== undefined) return this.#owner(channel)
    return this.#located('', (options) => client.duplicate?.(options))
  }

  async #owner (channel: string): Promise<Located> {
    // Prepares the next attempt, in case the owner is an unknown node.
    this.refresh()
    const node = await firstOf(this.#nodes('master'), () => this.#nodes('slave'), async (node) => {
      const prefix = node.options?.keyPrefix ?? ''
      await node.unlink(channel.startsWith(prefix) ? channel.slice(prefix.length) : channel)
      return node
    })
    return this.#located(addressOf(node), (options) => node.duplicate(options))
  }

  #nodes (role: 'master' | 'slave'): readonly (IoredisNode & Scanner)[] {
    return this.#client.nodes?.(role) ?? []
  }

  #located (id: string, duplicate: (options: typeof LISTENER_OPTIONS) => unknown): Located {
    const publish = (key: string, channel: string, message: string) => {
      const own = key.startsWith(this.keyPrefix) ? key.slice(this.keyPrefix.length) : key
      return runScript(this, ECHO, [own], [channel, message])
    }
    return {
      id,
      listen: (events) => new IoredisListener(duplicate(LISTENER_OPTIONS), events, publish)
    }
  }
}
