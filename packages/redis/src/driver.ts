import type { ScriptArgument, ScriptClient } from '@weir/internal'
import type { Listener, ListenerEvents } from './listener.js'

export type Argument = ScriptArgument

/**
 * One kind of client, in the terms of this package. Its commands send and reply; the rest is the
 * connection's.
 */
export interface Driver extends ScriptClient {
  /** Whether keys are in different places, so that a command may have one slot only. */
  readonly isCluster: boolean
  /** What the client puts before every key, and before nothing else. */
  readonly keyPrefix: string
  /** How long the client itself lets a command take, in milliseconds, if it is told. */
  readonly commandTimeout: number | undefined
  /** The database to be in, unless it is 0 or the client sees to it that there is no other. */
  readonly database: number
  readonly state: ClientState
  /** Tells of each change of the state; the returned function ends that. */
  onChange (changed: () => void): () => void
  /** Begins to connect, if the client waits for the first command. */
  wake (): void
  select (database: number): Promise<unknown>
  get (key: string): Promise<unknown>
  /** As `get` for each key, by one command where the client has one. */
  mget (keys: readonly string[]): Promise<unknown>
  unlink (key: string): Promise<unknown>
  hvals (key: string): Promise<unknown>
  /** The node that commands for the key go to, as the client knows; '' if there is but one. */
  nodeOf (key: string): string
  /** A redirection failed: asks again where slots are. */
  refresh (): void
  /** Whether the client can make another connection, to listen. */
  readonly canListen: boolean
  /**
   * The server that publishes on a channel. In a cluster all nodes are asked to do what only the
   * owner of the slot does, a write that changes nothing: a map of the slots may be out of date
   * just when this matters. Rejects if none does, as while the slot moves.
   */
  locate (channel: string): Promise<Located>
}

/**
 * `ready`: commands are sent. `waiting`: it is being connected, and keeps commands until then.
 * `refusing`: it says no to commands by itself, at once.
 */
export type ClientState = 'ready' | 'waiting' | 'refusing'

/** A server, as a place to listen. */
export interface Located {
  /** The same for the same server. */
  readonly id: string
  listen (events: ListenerEvents): Listener
}
