import { createHash, type Hash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Head, headOf } from '../response-cache/head.js'

/** A complete response. */
export interface Observed {
  readonly head: Head
  /** Hash of the body; undefined if it is larger than the limit. */
  readonly body: number | undefined
  readonly bytes: number
}

export interface ObserveOptions {
  /** Number of bytes after which the body is not hashed any more. */
  readonly limit: number
  /** Called once, when the application ends the response; not if it never does. */
  readonly done: (observed: Observed) => void
  /** Called with the time that observing took, ms. */
  readonly spent: (ms: number) => void
}

type Method = 'writeHead' | 'write' | 'end'
type Native = (...args: unknown[]) => unknown

const OBSERVER = Symbol('weir.observer')

interface Observable {
  readonly [OBSERVER]: Observer
}

// One set of functions for all responses: closures would give each response its own hidden class,
// which slows down Node.
const METHODS = {
  writeHead (this: Observable, ...args: readonly unknown[]) {
    return this[OBSERVER].called('writeHead', args)
  },
  write (this: Observable, ...args: readonly unknown[]) {
    return this[OBSERVER].called('write', args)
  },
  end (this: Observable, ...args: readonly unknown[]) {
    return this[OBSERVER].called('end', args)
  }
}

/**
 * Observes what is written to a response, of HTTP/1.1, HTTP/2 or `inject`, and passes everything
 * on unchanged, errors and return values included. Nothing of the body is kept.
 */
export function observeResponse (response: ServerResponse, options: ObserveOptions): void {
  const observer = new Observer(response, options)
  Object.assign(response, METHODS, { [OBSERVER]: observer })
}

class Observer {
  readonly #hash = createHash('sha1')
  readonly #natives: Readonly<Record<Method, Native>>
  #bytes = 0
  #head: Head | undefined
  #isOver = false
  #isInside = false

  constructor (readonly response: ServerResponse, readonly options: ObserveOptions) {
    this.#natives = {
      writeHead: nativeOf(response, 'writeHead'),
      write: nativeOf(response, 'write'),
      end: nativeOf(response, 'end')
    }
  }

  /** Observes, then calls Node's own method, which in HTTP/2 may call others of these methods. */
  called (method: Method, args: readonly unknown[]): unknown {
    const native = this.#natives[method]
    if (this.#isInside || this.#isOver) return Reflect.apply(native, this.response, args)
    const start = performance.now()
    try {
      this.#observe(method, args)
    } catch {
      // Node reports a mistake in a head itself, and another head follows.
      this.#isOver = method !== 'writeHead'
    }
    this.options.spent(performance.now() - start)
    // Node may call its own writeHead within, whose head is known.
    this.#isInside = method !== 'writeHead'
    try {
      return Reflect.apply(native, this.response, args)
    } finally {
      this.#isInside = false
    }
  }

  #observe (method: Method, args: readonly unknown[]): void {
    const { response, options: { limit, done } } = this
    if (method === 'writeHead') {
      this.#head = headOf(response, args)
      return
    }
    const head = this.#head ??= headOf(response, [response.statusCode])
    const [chunk, encoding] = args
    if (typeof chunk !== 'function') {
      this.#bytes += added(this.#hash, chunk, encoding, this.#bytes < limit)
    }
    if (method === 'write') return
    this.#isOver = true
    const body = this.#bytes > limit ? undefined : this.#hash.digest().readUIntBE(0, 6)
    done({ head, body, bytes: this.#bytes })
  }
}

/** Adds a chunk to the hash, and returns its size. */
function added (hash: Hash, chunk: unknown, encoding: unknown, isHashed: boolean): number {
  if (typeof chunk === 'string') {
    const known = typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8'
    if (isHashed) hash.update(chunk, known)
    return Buffer.byteLength(chunk, known)
  }
  if (!(chunk instanceof Uint8Array)) return 0
  if (isHashed) hash.update(chunk)
  return chunk.byteLength
}

function nativeOf (response: ServerResponse, name: Method): Native {
  const found: unknown = Reflect.get(response, name)
  if (typeof found === 'function') return found as Native
  throw new TypeError(`the response has no method ${name}`)
}
