import { ReplyError } from '../errors.js'

/** The used part of a node-redis client, of one server or a cluster node. */
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

/** Maps text to bytes by its protocol type, whatever the client's own type mapping is. */
export const REPLIES = { typeMapping: { 0x24: Buffer, 0x3a: Number } } as const

/** Sends a command. Error replies become a ReplyError. */
export function send (
  client: NodeRedisConnection,
  args: readonly (string | Buffer)[]
): Promise<unknown> {
  return client.sendCommand(args, REPLIES).catch(rethrow)
}

/** Renames error replies, which node-redis distinguishes by class only. */
export function rethrow (error: unknown): never {
  if (isErrorReply(error)) throw new ReplyError(error.message, { cause: error })
  throw error
}

/** Recognizes the class by the names between it and Error. */
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
