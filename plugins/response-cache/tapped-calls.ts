import type { ServerResponse } from 'node:http'

/** Methods with which an application writes or aborts a response. */
export type Method =
  'writeHead' | 'write' | 'end' | 'flushHeaders' | 'addTrailers' | 'setTrailer' | 'destroy'

/** Methods of a response before it was tapped. */
export type Natives = Readonly<Record<Method, unknown>>

/** Receives the application's calls to a response, and its reads, in place of Node. */
export interface Interceptor {
  called (method: Method, args: readonly unknown[]): unknown
  /** True if a head was written that Node has not sent yet. */
  readonly hasHead: boolean
  readonly hasEnded: boolean
}

const INTERCEPTOR = Symbol('weir.interceptor')

interface Tapped {
  readonly [INTERCEPTOR]: Interceptor
}

// One set of functions for all responses: closures would give each response its own hidden class,
// which slows down Node.
const METHODS = {
  writeHead (this: Tapped, ...args: readonly unknown[]) {
    return this[INTERCEPTOR].called('writeHead', args)
  },
  write (this: Tapped, ...args: readonly unknown[]) {
    return this[INTERCEPTOR].called('write', args)
  },
  end (this: Tapped, ...args: readonly unknown[]) {
    return this[INTERCEPTOR].called('end', args)
  },
  flushHeaders (this: Tapped, ...args: readonly unknown[]) {
    return this[INTERCEPTOR].called('flushHeaders', args)
  },
  addTrailers (this: Tapped, ...args: readonly unknown[]) {
    return this[INTERCEPTOR].called('addTrailers', args)
  },
  destroy (this: Tapped, ...args: readonly unknown[]) {
    return this[INTERCEPTOR].called('destroy', args)
  }
}

// Method of HTTP/2 only.
const OF_HTTP2 = {
  setTrailer (this: Tapped, ...args: readonly unknown[]) {
    return this[INTERCEPTOR].called('setTrailer', args)
  }
}

const PROPERTIES: PropertyDescriptorMap & ThisType<Tapped> = {
  headersSent: {
    get () { return this[INTERCEPTOR].hasHead || native(this, 'headersSent') },
    configurable: true
  },
  writableEnded: {
    get () { return this[INTERCEPTOR].hasEnded || native(this, 'writableEnded') },
    configurable: true
  }
}

const native = (response: object, name: string): boolean => {
  const prototype: unknown = Object.getPrototypeOf(response)
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Reflect.get(prototype, name, response) === true
  )
}

/**
 * Calls the interceptor instead of the methods of a response, and returns these. Methods that were
 * replaced before stay below.
 */
export function intercept (response: ServerResponse, interceptor: Interceptor): Natives {
  const natives: Natives = {
    writeHead: Reflect.get(response, 'writeHead'),
    write: Reflect.get(response, 'write'),
    end: Reflect.get(response, 'end'),
    flushHeaders: Reflect.get(response, 'flushHeaders'),
    addTrailers: Reflect.get(response, 'addTrailers'),
    setTrailer: Reflect.get(response, 'setTrailer'),
    destroy: Reflect.get(response, 'destroy')
  }
  Object.assign(
    response,
    { [INTERCEPTOR]: interceptor },
    METHODS,
    natives.setTrailer !== undefined && OF_HTTP2
  )
  Object.defineProperties(response, PROPERTIES)
  return natives
}
