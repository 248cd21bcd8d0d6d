import { ReplyError } from '../errors.js'

/** What a client of node-redis has, of one server or of a node of a cluster. */
export interface NodeRedisConnection {
  readonly isOpen: boolean
  readonly isReady: boolean
  readonly options?: {
    readonly socket?: object
    readonly disableOfflineQueue?: boolean
    readonly commandOptions?: { readonly timeout?: number }
  }
  sendCommand (args: readonly (string | Buffer)[], options: typeof REPLIES): Promise<unknown>
  sSubscribe (channel: string, heard: (message: string) => void): Promise<void>
  duplicate (options: object): NodeRedisConnection
  connect (): Promise<unknown>
  destroy (): void
  on (event: string, listener: (error: Error) => void): unknown
  off (event: string, listener: (error: Error) => void): unknown
}

/**
 * Text as bytes, by the type's mark in the protocol; whatever the client's own type mapping says.
 */
export const REPLIES = { typeMapping: { 0x24: Buffer, 0x3a: Number } } as const

/** Sends a command. What Redis refuses is a ReplyError. */
export function send (
  client: NodeRedisConnection,
  args: readonly (string | Buffer)[]
): Promise<unknown> {
  return client.sendCommand(args, REPLIES).catch(rethrow)
}

/** Names what Redis refuses, which node-redis has classes for and no names. */
export function rethrow (error: unknown): never {
  if (isErrorReply(error)) throw new ReplyError(error.message, { cause: error })
  throw error
}

/** Its class, by the names of those between it and Error. */
function isErrorReply (error: unknown): error is Error {
  for (
    let proto: unknown = error;
    typeof proto === 'object' && proto !== null;
    proto = Reflect.getPrototypeOf(proto)
  ) {
    if (
      Object.hasOwn(proto, 'constructor') &&
      Reflect.get(Reflect.get(proto, 'constructor') as object, 'name') === 'ErrorReply'
    ) { return true }
  }
  return false
}

export const ignoreError = (): void => {}
