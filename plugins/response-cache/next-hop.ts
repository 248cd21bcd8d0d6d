import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import { emptyFields, type Fields } from './head.js'

/** Receives the interim responses to one request to the next hop. */
export interface InterimListener {
  /** @param status 102 to 199 */
  interim (status: number, fields: Fields): void
}

/*
 * HTTP clients of Node and undici publish their requests on channels; the AsyncLocalStorage tells
 * which listener they belong to. While one is in use, Node 20 makes each `await` of the process
 * three times as expensive, so it is disabled without a listener.
 */
const current = new AsyncLocalStorage<InterimListener>()
const listening = new Set<InterimListener>()
/** Set during the synchronous part of `listenToNextHop`. */
let calling: InterimListener | undefined

/** Listeners by undici's request. */
const byRequest = new WeakMap<object, InterimListener>()
let isSubscribed = false

/**
 * Calls `send`, and passes the listener the interim responses to the requests that it sends through
 * undici or `node:http`, at once or later, until `stopListening`.
 */
export function listenToNextHop<R> (listener: InterimListener, send: () => R): R {
  if (!isSubscribed) subscribeToClients()
  listening.add(listener)
  const outer = calling
  calling = listener
  try {
    return current.run(listener, send)
  } finally {
    calling = outer
  }
}

export function stopListening (listener: InterimListener): void {
  if (listening.delete(listener) && listening.size === 0) current.disable()
}

function subscribeToClients (): void {
  isSubscribed = true
  subscribe('undici:request:create', (message) => {
    const request = property(message, 'request')
    if (listening.size === 0 || !isObject(request)) return
    const listener = listenerOf(request)
    if (listener !== undefined) byRequest.set(request, listener)
  })
  subscribe('undici:request:headers', (message) => {
    const request = property(message, 'request')
    const response = property(message, 'response')
    const listener = isObject(request) ? byRequest.get(request) : undefined
    if (listener !== undefined) {
      tell(listener, property(response, 'statusCode'), property(response, 'headers'))
    }
  })
  subscribe('http.client.request.start', (message) => {
    const listener = current.getStore()
    const request = property(message, 'request')
    if (listener === undefined || !isEmitter(request)) return
    request.on('information', (info: unknown) => {
      tell(listener, property(info, 'statusCode'), property(info, 'rawHeaders'))
    })
  })
}

/**
 * Returns the listener for which undici creates a request. A pool whose connections are all in use
 * creates it later, while it handles another response, so that the current context is another one:
 * the handler of `request()` has the context in which it was called. Other handlers, such as those
 * of interceptors, have none, and count only if they are called at once.
 */
function listenerOf (request: object): InterimListener | undefined {
  const symbol = Object.getOwnPropertySymbols(request).find(
    ({ description }) => description === 'handler'
  )
  const handler: unknown = symbol && Reflect.get(request, symbol)
  return handler instanceof AsyncResource
    ? handler.runInAsyncScope(() => current.getStore())
    : calling
}

/**
 * Passes on interim responses, except 100, which answers an Expect of the client's own connection,
 * and 101, which is final in HTTP.
 */
function tell (listener: InterimListener, status: unknown, headers: unknown): void {
  if (typeof status !== 'number' || status < 102 || status > 199 || !listening.has(listener)) return
  listener.interim(status, fieldsOf(Array.isArray(headers) ? headers : []))
}

/** Converts alternating names and values, as text or bytes, to fields. */
function fieldsOf (list: readonly unknown[]): Fields {
  const fields = emptyFields()
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = textOf(list[i]).toLowerCase()
    const value = textOf(list[i + 1])
    fields[name] = fields[name] === undefined ? value : [fields[name], value].flat()
  }
  return fields
}

const textOf = (value: unknown): string =>
  Buffer.isBuffer(value) ? value.toString('latin1') : String(value)

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isEmitter = (value: unknown): value is EventEmitter =>
  isObject(value) && typeof Reflect.get(value, 'on') === 'function'
const property = (value: unknown, name: string): unknown =>
  isObject(value) ? Reflect.get(value, name) : undefined
