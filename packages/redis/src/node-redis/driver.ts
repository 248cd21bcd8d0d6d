import { RedisError } from '../errors.js'
import type { Argument, ClientState, Driver, Located } from '../driver.js'
import { type NodeRedisConnection, REPLIES, rethrow, send } from './connection.js'
import { firstOf } from '../first-of.js'
import { slotOf } from '../slot.js'
import { NodeRedisListener } from './listener.js'

interface NodeRedisCluster {
  readonly isOpen: boolean
  readonly masters: readonly object[]
  readonly replicas: readonly object[]
  readonly slots?: readonly ({ readonly master: { readonly address?: string } } | undefined)[]
  nodeClient(node: object): NodeRedisConnection | Promise<NodeRedisConnection>
  sendCommand(
    firstKey: string,
    isReadonly: boolean,
    args: readonly (string | Buffer)[],
    options: typeof REPLIES
  ): Promise<unknown>
}

const has = (client: object, ...methods: string[]) =>
  methods.every((method) => typeof Reflect.get(client, method) === 'function')

/** Recognizes the result of `createClient()`, connected or not. */
export const isNodeRedis = (client: object): client is NodeRedisConnection =>
  has(client, 'sendCommand', 'withTypeMapping', 'duplicate', 'sSubscribe', 'destroy') &&
  'isReady' in client

/** Recognizes the result of `createCluster()`. */
export const isNodeRedisCluster = (client: object): client is NodeRedisCluster =>
  has(client, 'sendCommand', 'withTypeMapping', 'nodeClient') && 'masters' in client

const textOf = (args: readonly Argument[]) =>
  args.map((arg) => (typeof arg === 'number' ? String(arg) : arg))

const scanOf = (cursor: string, pattern: string, count: number) =>
  ['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(count)]

const addressOf = (node: object) => String(Reflect.get(node, 'address'))

const closed = () =>
  Promise.reject(
    new RedisError('WEIR_REDIS_NOT_CONNECTED', 'its connect() was not called, or it is closed')
  )

/** The common part of both drivers: commands as lists of words. */
abstract class NodeRedisDriver implements Driver {
  readonly keyPrefix = ''
  readonly canListen = true
  /** A node-redis connection that cannot select its database fails by itself. */
  readonly database = 0
  abstract readonly isCluster: boolean
  abstract readonly commandTimeout: number | undefined
  abstract readonly state: ClientState

  protected abstract send (key: string, args: readonly (string | Buffer)[]): Promise<unknown>
  abstract onChange (changed: () => void): () => void
  abstract locate (channel: string): Promise<Located>

  nodeOf (_key: string): string {
    return ''
  }

  wake (): void {}
  refresh (): void {}

  select (database: number): Promise<unknown> {
    return this.send('', ['SELECT', String(database)])
  }

  get (key: string): Promise<unknown> {
    return this.send(key, ['GET', key])
  }

  mget (keys: readonly string[]): Promise<unknown> {
    return this.send(keys[0] ?? '', ['MGET', ...keys])
  }

  unlink (key: string): Promise<unknown> {
    return this.send(key, ['UNLINK', key])
  }

  hvals (key: string): Promise<unknown> {
    return this.send(key, ['HVALS', key])
  }

  getrange (key: string, end: number): Promise<unknown> {
    return this.send(key, ['GETRANGE', key, '0', String(end)])
  }

  masters (): readonly string[] {
    return ['']
  }

  scan (_master: string, cursor: string, pattern: string, count: number): Promise<unknown> {
    return this.send('', scanOf(cursor, pattern, count))
  }

  evalsha (sha: string, keys: number, ...args: Argument[]): Promise<unknown> {
    return this.send(String(args[0]), ['EVALSHA', sha, String(keys), ...textOf(args)])
  }

  eval (source: string, keys: number, ...args: Argument[]): Promise<unknown> {
    return this.send(String(args[0]), ['EVAL', source, String(keys), ...textOf(args)])
  }
}

/** Drives the result of `createClient()` of node-redis 5. */
export class NodeRedisClientDriver extends NodeRedisDriver {
  readonly isCluster = false

  constructor (readonly client: NodeRedisConnection) {
    super()
  }

  get commandTimeout (): number | undefined {
    return this.client.options?.commandOptions?.timeout
  }

  get state (): ClientState {
    if (this.client.isReady) return 'ready'
    return this.client.isOpen && this.client.options?.disableOfflineQueue !== true
      ? 'waiting'
      : 'refusing'
  }

  onChange (changed: () => void): () => void {
    const events = ['ready', 'error', 'end']
    for (const event of events) this.client.on(event, changed)
    return () => { for (const event of events) this.client.off(event, changed) }
  }

  async locate (): Promise<Located> {
    return { id: '', listen: (events) => new NodeRedisListener(this.client, events) }
  }

  protected send (_key: string, args: readonly (string | Buffer)[]): Promise<unknown> {
    return this.client.isOpen ? send(this.client, args) : closed()
  }
}

/** Drives the result of `createCluster()` of node-redis 5. */
export class NodeRedisClusterDriver extends NodeRedisDriver {
  readonly isCluster = true
  readonly commandTimeout = undefined

  constructor (readonly cluster: NodeRedisCluster) {
    super()
  }

  get state (): ClientState {
    return this.cluster.isOpen ? 'ready' : 'refusing'
  }

  onChange (): () => void {
    return () => {}
  }

  override nodeOf (key: string): string {
    return this.cluster.slots?.[slotOf(key)]?.master.address ?? ''
  }

  override masters (): readonly string[] {
    return this.cluster.masters.map(addressOf).sort()
  }

  override async scan (
    master: string,
    cursor: string,
    pattern: string,
    count: number
  ): Promise<unknown> {
    const node = this.cluster.masters.find((node) => addressOf(node) === master)
    if (node === undefined || !this.cluster.isOpen) return closed()
    return send(await this.cluster.nodeClient(node), scanOf(cursor, pattern, count))
  }

  async locate (channel: string): Promise<Located> {
    // A redirection makes the client look up the slots for the next attempt.
    this.unlink(channel).catch(() => {})
    const { masters, replicas } = this.cluster
    const owner = await firstOf(masters, () => replicas, async (node) => {
      const client = await this.cluster.nodeClient(node)
      await send(client, ['UNLINK', channel])
      return { client, id: addressOf(node) }
    })
    return { id: owner.id, listen: (events) => new NodeRedisListener(owner.client, events) }
  }

  protected async send (key: string, args: readonly (string | Buffer)[]): Promise<unknown> {
    return this.cluster.isOpen
      ? this.cluster.sendCommand(key, false, args, REPLIES).catch(rethrow)
      : closed()
  }
}
