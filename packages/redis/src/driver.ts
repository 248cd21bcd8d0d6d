import type { ScriptArgument, ScriptClient } from '@weir/internal'
import type { Listener, ListenerEvents } from './listener.js'

export type Argument = ScriptArgument

/**
 * Adapts one kind of client to this package. It sends commands and returns replies; the connection
 * does the rest.
 */
export interface Driver extends ScriptClient {
  /** Whether keys are in different slots, so that a command may use only one slot. */
  readonly isCluster: boolean
  /** The prefix that the client adds to every key, and to nothing else. */
  readonly keyPrefix: string
  /** The client's own command timeout in milliseconds, if it has one. */
  readonly commandTimeout: number | undefined
  /** The database to select, unless it is 0 or the client itself ensures it. */
  readonly database: number
  readonly state: ClientState
  /** Calls `changed` after each state change; the returned function unsubscribes. */
  onChange (changed: () => void): () => void
  /** Starts connecting, if the client waits for the first command. */
  wake (): void
  select (database: number): Promise<unknown>
  get (key: string): Promise<unknown>
  /** Like `get` for each key, with one command if the client has one. */
  mget (keys: readonly string[]): Promise<unknown>
  unlink (key: string): Promise<unknown>
  hvals (key: string): Promise<unknown>
  /** Returns the first bytes of a value. */
  getrange (key: string, end: number): Promise<unknown>
  /** Returns the ids of the masters in a stable order; only '' unless it is a Cluster. */
  masters (): readonly string[]
  /**
   * Runs one step of SCAN on a master.
   * @param pattern of whole names, with the client's own prefix; `count` as COUNT
   */
  scan (master: string, cursor: string, pattern: string, count: number): Promise<unknown>
  /**
   * Returns the node to which commands for the key go, as far as the client knows; '' if there is
   * only one.
   */
  nodeOf (key: string): string
  /** Reports a failed redirection: the client looks up the slots again. */
  refresh (): void
  /** Whether the client can create another connection that listens. */
  readonly canListen: boolean
  /**
   * Locates the server that publishes a channel.
   *
   * In a cluster all nodes are asked to execute a write that changes nothing, which only the owner
   * of the slot does: a map of the slots may be outdated just when this matters. Rejects if none
   * does, e.g. while the slot migrates.
   */
  locate (channel: string): Promise<Located>
}

/**
 * `ready`: commands are sent. `waiting`: the client is connecting and queues commands. `refusing`:
 * the client rejects commands immediately.
 */
export type ClientState = 'ready' | 'waiting' | 'refusing'

/** A server on which to listen. */
export interface Located {
  /** Equal for the same server. */
  readonly id: string
  listen (events: ListenerEvents): Listener
}
