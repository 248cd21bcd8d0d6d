import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Reads } from './target.js'

/** A route that an observed app declared. */
export interface ObservedRoute {
  readonly method: string | readonly string[]
  /** Pattern, such as `/products/:id`. */
  readonly url: string
  readonly schema?: unknown
  readonly config?: unknown
}

/** The parts of a Fastify instance that observing uses. */
interface Observable {
  addHook (name: 'onRoute', hook: (route: ObservedRoute) => void): unknown
  addHook (
    name: 'onRequest',
    hook: (request: ObservedRequest, reply: unknown, done: () => void) => void
  ): unknown
}

interface ObservedRequest {
  raw: { headers: object }
  query?: unknown
  cookies?: unknown
}

class Recording implements Reads {
  readonly headers = new Set<string>()
  readonly query = new Set<string>()
  readonly cookies = new Set<string>()
  hasRun = false
}

const recordings = new AsyncLocalStorage<Recording>()
const HANDLER = 'tracing:fastify.request.handler:start'
const INITIALIZATION = 'fastify.initialization'

/**
 * Runs a function and returns the routes of the Fastify apps that it creates. Their requests are
 * recorded from the first hook on.
 */
export async function observed<T> (
  build: () => T | Promise<T>
): Promise<{ readonly built: T, readonly routes: readonly ObservedRoute[] }> {
  const routes: ObservedRoute[] = []
  const isBuilding = new AsyncLocalStorage<true>()
  const onApp = (message: unknown) => {
    if (isBuilding.getStore() !== true || !isInitialization(message)) return
    message.fastify.addHook('onRoute', (route) => { routes.push(route) })
    message.fastify.addHook('onRequest', (request, _reply, done) => {
      recordHeaders(request)
      done()
    })
  }
  subscribe(INITIALIZATION, onApp)
  try {
    return { built: await isBuilding.run(true, build), routes }
  } finally {
    unsubscribe(INITIALIZATION, onApp)
  }
}

/** Records what handlers read, until the returned function is called. */
export function observeHandlers (): () => void {
  const onHandler = (message: unknown) => {
    const recording = recordings.getStore()
    if (recording === undefined || !isHandling(message)) return
    const { request } = message
    recording.hasRun = true
    recordHeaders(request)
    request.query = recorded(request.query, recording.query)
    request.cookies = recorded(request.cookies, recording.cookies)
  }
  subscribe(HANDLER, onHandler)
  return () => { unsubscribe(HANDLER, onHandler) }
}

/** Runs a request, and adds to its result what the app read. */
export async function recording<T> (
  send: () => Promise<T>
): Promise<{ readonly result: T, readonly reads: Reads }> {
  const reads = new Recording()
  return { result: await recordings.run(reads, send), reads }
}

const wrapped = new WeakSet<object>()

function recordHeaders ({ raw }: ObservedRequest): void {
  const recording = recordings.getStore()
  if (recording === undefined || wrapped.has(raw)) return
  wrapped.add(raw)
  raw.headers = new Proxy(raw.headers, readsInto(recording.headers))
}

const recorded = (value: unknown, names: Set<string>): unknown =>
  typeof value === 'object' && value !== null ? new Proxy(value, readsInto(names)) : value

const readsInto = (names: Set<string>): ProxyHandler<object> => ({
  get (target, name, receiver): unknown {
    if (typeof name === 'string') names.add(name)
    return Reflect.get(target, name, receiver)
  },
  has (target, name) {
    if (typeof name === 'string') names.add(name)
    return Reflect.has(target, name)
  }
})

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const isInitialization = (message: unknown): message is { fastify: Observable } =>
  isObject(message) && isObject(message['fastify']) && typeof message['fastify']['addHook'] === 'function'

const isHandling = (message: unknown): message is { request: ObservedRequest } =>
  isObject(message) && isObject(message['request']) && isObject(message['request']['raw'])
