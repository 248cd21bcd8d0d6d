import type {
  FastifyInstance,
  FastifyReply,
  onRequestHookHandler,
  preHandlerAsyncHookHandler,
  preValidationHookHandler
} from 'fastify'
import type { Method } from './exchange.js'
import type { State } from './state.js'
import type { Transport } from './transports.js'
import type { Assembly, Twin } from './twin.js'

/** The checker's facilities for an application under test. */
export interface Kit {
  /** The application's data: both twins go through the same states. */
  readonly state: State
  /** Whether this is the twin with Weir. */
  readonly isCached: boolean
  /** Calls `reply.invalidate()` if it exists. */
  readonly invalidate: (reply: FastifyReply, tags: readonly string[]) => void
}

/** A kind of URL that requests read. */
export interface Target {
  /** `{n}` stands for the number of an item. */
  readonly path: string
  /** Whether the route has `config.cache`. */
  readonly isCached: boolean
  /** Whether its responses are the same for all users. */
  readonly isShared?: boolean
  /** Header fields that `config.cache.vary` names. */
  readonly vary?: readonly string[]
  readonly queries?: readonly string[]
  /** False: it is never requested with HEAD. */
  readonly hasHead?: false
  /** Header fields that each request has. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Whether responses are stored under ordinary circumstances. Default: whether the route is
   * cached.
   */
  readonly isStored?: boolean
}

/** A request that changes the application's data. */
export interface Write {
  readonly method: Method
  readonly path: string
  readonly type?: string
  readonly body?: string
}

/**
 * Values that differ between two responses to one request, whichever server answers: only their
 * shape is compared.
 */
export interface Momentary {
  readonly cookies?: readonly string[]
  readonly headers?: readonly string[]
  /** Matches text in bodies. */
  readonly body?: RegExp
}

/** Hooks that reject some users. */
export interface Guard {
  readonly onRequest?: onRequestHookHandler
  readonly preValidation?: preValidationHookHandler
  readonly preHandler?: preHandlerAsyncHookHandler
}

/** An application under test: a plugin used as in its README. */
export interface Subject {
  readonly name: string
  readonly plugins: (app: FastifyInstance, kit: Kit) => Promise<void>
  /** Hooks of `/guarded/:id`, requested after all plugins have loaded. */
  readonly guard?: (app: FastifyInstance) => Guard
  readonly routes?: (app: FastifyInstance, kit: Kit) => void | Promise<void>
  readonly targets?: readonly Target[]
  readonly writes?: readonly Write[]
  /** The login requests of users with cookies. */
  readonly logins?: (user: string) => Write
  /** The Authorization of users who have one. Default: a bearer token. */
  readonly authorization?: (user: string) => string
  readonly momentary?: Momentary
  /** False: never with `@weir/fastify/conditional`. */
  readonly conditional?: false
  /** Default: all. */
  readonly transports?: readonly Transport[]
  /** Builds and starts the application by itself, in place of `plugins`. */
  readonly start?: (assembly: Assembly, kit: Kit) => Promise<Twin>
}

export type Order = 'before' | 'after'
