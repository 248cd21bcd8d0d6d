import type { ServerResponse } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { type Head, headOf, implicitHead, lengthOf } from './head.js'
import { KeptBytes } from './kept-bytes.js'
import { Lingering, type LingeringOptions } from './lingering.js'
import { type Interceptor, intercept, type Method, type Natives } from './tapped-calls.js'

/** Handling of a response that an application has begun to write. */
export type Plan =
  /** Sends this response instead, and discards everything that the application still writes. */
  | { readonly kind: 'replace', readonly head: Head, readonly body: Buffer }
  /** Sends the application's body as it is written, with this head. */
  | { readonly kind: 'pass', readonly head: Head, readonly record?: Recording | undefined }
  /** Sends nothing before the body is complete, or was aborted. */
  | {
    readonly kind: 'collect'
    readonly limit: number
    readonly done: (body: Buffer | undefined) => Plan | Promise<Plan>
    /** Default: the connection is closed. */
    readonly broken?: () => Plan | Promise<Plan>
  }

/** Copy of a body that passes through. */
export interface Recording {
  /** Maximum number of bytes. */
  readonly limit: number
  /**
   * Called with the complete body before the client can tell that it is complete, and the client
   * waits for it; with undefined if the limit is exceeded, or trailers follow. Not called if the
   * response is closed before its end.
   */
  readonly end: (body: Buffer | undefined) => Promise<unknown>
}

/** Makes the decisions for one response. */
export interface Tap {
  /**
   * Called once, with the final head, before anything is sent. Must not throw.
   * @param body complete body, if the application has written it at once
   * @param isShared the body's memory belongs to the application, which may reuse it
   */
  head (head: Head, body: Buffer | undefined, isShared?: boolean): Plan | Promise<Plan>
  /**
   * Called when the connection was closed, or the response destroyed, before the application has
   * ended it: nothing more follows.
   */
  closed (): void
  /**
   * Returns whether the application is to continue for a while although its client has left,
   * because other requests wait for the response: it is not notified, and nothing is sent.
   */
  lingers (): boolean
}

type Callback = ((error?: Error | null) => void) | undefined

interface Chunk {
  readonly bytes: Buffer
  readonly callback: Callback
}

/** Application's side of a tapped response. */
export interface Tapped {
  /**
   * Called when a handler has ended without a response, as a handler does that gives up because its
   * client has left. From then on, until something is written, the application does not continue
   * for others.
   */
  settled (): void
}

/**
 * Intercepts Node's response, of HTTP/1.1, HTTP/2 or `inject`, for the application: `writeHead`,
 * `setHeader`, `write`, `end` and `flushHeaders` write to the tap. To the application the response
 * looks as if it had been sent at once.
 *
 * Methods of the response that were replaced before stay below the tap.
 */
export function tapResponse (response: ServerResponse, tap: Tap): Tapped {
  const tapped = new TappedResponse(response, tap)
  response.on('close', () => { tapped.closed() })
  tapped.begin()
  return tapped
}

/** State of the application's writes. */
type State = 'open' | 'deciding' | 'collecting' | 'passing' | 'dropping'

class TappedResponse implements Tapped, Interceptor, LingeringOptions {
  readonly #response: ServerResponse
  readonly #tap: Tap
  readonly #natives: Natives
  /** Active while the client has left and the application does not know. */
  readonly #lingering: Lingering
  #state: State = 'open'
  /** Head that the application has written, with `writeHead` or with its first byte. */
  #head: Head | undefined
  #isEnded = false
  /** True if the application has destroyed the response. */
  #isDestroyed = false
  /** True if the application's handler has ended without a response. */
  #isSettled = false
  #endCallback: Callback
  /** The application's calls after its end, which Node answers. */
  #late: (() => unknown)[] = []
  #isNativelyEnded = false
  #isFlushed = false
  #hasTrailers = false
  /** True if the tap knows the result of the response. */
  #isOver = false
  #isInside = false
  #held: Chunk[] = []
  #collect: Plan & { kind: 'collect' } | undefined
  #record: Recording | undefined
  /** Collected or recorded part of the body. */
  #kept = new KeptBytes(0)
  /** Declared length of the body; 0 if unknown. */
  #declared = 0

  constructor (response: ServerResponse, tap: Tap) {
    this.#response = response
    this.#tap = tap
    this.#natives = intercept(response, this)
    this.#lingering = new Lingering(response, this)
  }

  begin (): void {
    if (!this.#lingering.beginIfGone()) this.closed()
  }

  closed (): void {
    if (!this.#isEnded) this.#tellClosed()
  }

  #tellClosed (): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#held = []
    this.#record = undefined
    this.#kept = new KeptBytes(0)
    this.#tap.closed()
  }

  settled (): void {
    this.#isSettled = true
    if (this.#head === undefined) this.#lingering.end()
  }

  get hasHead (): boolean {
    return this.#head !== undefined
  }

  /**
   * False while the tap decides: Fastify treats a response that has ended as sent by other code.
   */
  get hasEnded (): boolean {
    return this.#isEnded && this.#state !== 'open'
  }

  called (method: Method, args: readonly unknown[]): unknown {
    if (method === 'destroy') return this.#destroy(args)
    if (this.#isInside) return this.#native(method, args)
    switch (method) {
      case 'writeHead': return this.#writeHead(args)
      case 'write': return this.#write(args)
      case 'end': return this.#end(args)
      case 'flushHeaders': return this.#flushHeaders()
      default: return this.#addTrailers(method, args)
    }
  }

  /** Returns whether the application must not learn yet that its client has left. */
  mayLinger (): boolean {
    if (this.#isEnded || this.#isOver || this.#isDestroyed) return false
    if (this.#isSettled && this.#head === undefined) return false
    const isWanted =
      this.#state === 'passing' ? this.#record !== undefined : this.#state !== 'dropping'
    return isWanted && this.#tap.lingers()
  }

  #writeHead (args: readonly unknown[]): ServerResponse {
    if (this.#head !== undefined) {
      throw Object.assign(new Error('Cannot write headers after they are sent to the client'), {
        code: 'ERR_HTTP_HEADERS_SENT'
      })
    }
    this.#head = headOf(this.#response, args)
    return this.#response
  }

  #flushHeaders (): void {
    this.#isFlushed = true
    if (this.#state === 'open') this.#decide(undefined)
  }

  #write (args: readonly unknown[]): boolean {
    if (this.#isEnded) return this.#afterEnd('write', args) === true
    const [data, encoding, callback] = args
    const chunk = { bytes: bytesOf(data, encoding), callback: callbackOf(encoding, callback) }
    if (this.#state === 'open') this.#decide(undefined)
    return this.#take(chunk)
  }

  #end (args: readonly unknown[]): ServerResponse {
    const [data, encoding, callback] = args
    if (typeof data === 'function') return this.#end([undefined, undefined, data])
    if (this.#isEnded) {
      this.#afterEnd('end', args)
      return this.#response
    }
    const bytes = data === undefined || data === null ? undefined : bytesOf(data, encoding)
    this.#endCallback = callbackOf(encoding, callback)
    try {
      if (this.#state === 'open') this.#decide(bytes ?? NOTHING, typeof data !== 'string')
      else this.#endWith(bytes)
    } catch (error) {
      this.#isEnded = false
      throw error
    }
    return this.#response
  }

  #endWith (bytes: Buffer | undefined): void {
    if (bytes !== undefined) this.#take({ bytes, callback: undefined })
    this.#isEnded = true
    this.#finish()
  }

  /**
   * Returns Node's own answer, which depends on the protocol; it has to wait for Node's own end.
   */
  #afterEnd (method: 'write' | 'end', args: readonly unknown[]): unknown {
    if (this.#isNativelyEnded) return this.#inside(method, args)
    this.#late.push(() => this.#inside(method, args))
    return false
  }

  #addTrailers (method: 'addTrailers' | 'setTrailer', args: readonly unknown[]): unknown {
    const result = this.#inside(method, args)
    if (this.#isEnded) return result
    this.#hasTrailers = true
    if (this.#state === 'collecting') this.#collected(undefined)
    else if (this.#state === 'passing') {
      this.#stopRecording()
      this.#sendHeld()
    }
    return result
  }

  #destroy (args: readonly unknown[]): unknown {
    const broken =
      this.#state === 'collecting' && !this.#lingering.isGone ? this.#collect?.broken : undefined
    this.#isDestroyed = true
    if (broken !== undefined) return this.#breakOff(broken)
    if (!this.#isNativelyEnded) resetStream(this.#response)
    this.#lingering.end()
    return this.#native('destroy', args)
  }

  /** @param body complete body, if the application has ended with it */
  #decide (body: Buffer | undefined, isShared = false): void {
    const head = this.#head ??= implicitHead(this.#response, body)
    this.#isEnded = body !== undefined
    const plan = this.#tap.head(
      this.#hasTrailers ? { ...head, hasTrailers: true } : head,
      body,
      isShared
    )
    this.#state = 'deciding'
    if (body !== undefined && body.length > 0) this.#held.push({ bytes: body, callback: undefined })
    this.#follow(plan)
  }

  #follow (plan: Plan | Promise<Plan>): void {
    if (plan instanceof Promise) this.#later(plan.then((plan) => { this.#carryOut(plan) }))
    else this.#carryOut(plan)
  }

  /**
   * Destroys the response if Node refuses it: the application has continued, and could not catch an
   * exception.
   */
  #later (done: Promise<void>): void {
    done.catch((error: unknown) => {
      this.#tellClosed()
      this.#response.destroy(error instanceof Error ? error : undefined)
    })
  }

  #carryOut (plan: Plan): void {
    switch (plan.kind) {
      case 'replace': return this.#replace(plan.head, plan.body)
      case 'collect': return this.#startCollecting(plan)
      case 'pass': return this.#pass(plan)
    }
  }

  #replace (head: Head, body: Buffer): void {
    this.#state = 'dropping'
    this.#isOver = true
    const held = this.#held.splice(0)
    this.#sendHead(head)
    this.#endNow(body)
    this.#lingering.end()
    for (const { callback } of held) callback?.()
    if (held.length > 0 && !this.#isEnded) this.#response.emit('drain')
  }

  #pass ({ head, record }: Plan & { kind: 'pass' }): void {
    this.#record = record
    this.#keep(head, record?.limit ?? 0)
    if (this.#hasTrailers) this.#stopRecording()
    // The body is not needed.
    if (this.#record === undefined) this.#lingering.end()
    this.#sendHead(head)
    if (this.#isFlushed) this.#inside('flushHeaders', [])
    this.#goOn()
  }

  /** Sends the held data; then the application may continue. */
  #goOn (): void {
    this.#state = 'passing'
    const held = this.#held.splice(0)
    for (const chunk of held) this.#send(chunk)
    if (this.#isEnded) this.#finish()
    else if (held.length > 0) this.#response.emit('drain')
  }

  #startCollecting (plan: Plan & { kind: 'collect' }): void {
    this.#state = 'collecting'
    this.#collect = plan
    this.#keep(this.#head, plan.limit)
    const size = this.#held.reduce((sum, { bytes }) => sum + bytes.length, 0)
    if (this.#hasTrailers || size > plan.limit) return this.#collected(undefined)
    const held = this.#held.splice(0)
    for (const chunk of held) this.#take(chunk)
    if (this.#isEnded) this.#finish()
    else if (held.length > 0) this.#response.emit('drain')
  }

  /**
   * Handles a body that the application aborted before anything was sent: its client can get an
   * error, or another response.
   */
  #breakOff (broken: () => Plan | Promise<Plan>): ServerResponse {
    this.#isEnded = true
    this.#state = 'deciding'
    this.#kept = new KeptBytes(0)
    this.#follow(broken())
    return this.#response
  }

  #keep (head: Head | undefined, limit: number): void {
    this.#declared = this.#response.req.method === 'HEAD' ? 0 : lengthOf(head)
    this.#kept = new KeptBytes(Math.min(this.#declared, limit))
  }

  /** @param body undefined if it is incomplete */
  #collected (body: Buffer | undefined): void {
    const plan = this.#collect
    const { whole } = this.#kept
    if (whole.length > 0) this.#held.unshift({ bytes: whole, callback: undefined })
    this.#state = 'deciding'
    if (plan !== undefined) this.#follow(plan.done(body))
  }

  /** Returns whether more may be written at once. */
  #take (chunk: Chunk): boolean {
    switch (this.#state) {
      case 'dropping':
        if (chunk.callback !== undefined) process.nextTick(chunk.callback)
        return true
      case 'passing':
        return this.#send(chunk)
      case 'collecting':
        return this.#accept(chunk)
      default:
        this.#held.push(chunk)
        return false
    }
  }

  /** Stores the chunk, so that an application that writes sequentially may continue. */
  #accept ({ bytes, callback }: Chunk): boolean {
    this.#kept.add(bytes)
    if (callback !== undefined) process.nextTick(callback)
    if (this.#kept.length > (this.#collect?.limit ?? 0)) this.#collected(undefined)
    else this.#finishIfWhole()
    return true
  }

  #send ({ bytes, callback }: Chunk): boolean {
    if (this.#record !== undefined && this.#kept.length + bytes.length > this.#record.limit) {
      this.#stopRecording()
    }
    // The copy of a recorded body is sent: the application may reuse its buffer before the client
    // has read it.
    const chunk = { bytes: this.#record === undefined ? bytes : this.#kept.add(bytes), callback }
    if (this.#isWhole) {
      this.#held.push(chunk)
      this.#finishIfWhole()
      return true
    }
    // The previous chunk looked like the last one.
    this.#sendHeld()
    const isFree = this.#sendNow(chunk)
    // The whole body is stored anyway: a slow client must not delay it.
    return isFree || this.#record !== undefined
  }

  #sendHeld (): void {
    for (const chunk of this.#held.splice(0)) this.#sendNow(chunk)
  }

  #sendNow ({ bytes, callback }: Chunk): boolean {
    if (this.#lingering.isGone) {
      if (callback !== undefined) process.nextTick(callback)
      return this.#lingering.isOn
    }
    return this.#inside('write', [bytes, 'utf8', callback]) === true
  }

  /** True if the declared length is reached: a client would take it for the end. */
  get #isWhole (): boolean {
    const isKept =
      this.#state === 'collecting' || (this.#state === 'passing' && this.#record !== undefined)
    return isKept && this.#declared > 0 && this.#kept.length === this.#declared
  }

  /**
   * Finishes without waiting for the end, which may come much later; more data may follow at once,
   * and be too much.
   */
  #finishIfWhole (): void {
    if (this.#isWhole) process.nextTick(() => { if (this.#isWhole) this.#finish() })
  }

  #stopRecording (): void {
    if (this.#record !== undefined) this.#later(this.#endRecording(undefined))
  }

  async #endRecording (body: Buffer | undefined): Promise<void> {
    const record = this.#record
    this.#record = undefined
    this.#kept = new KeptBytes(0)
    // The response is correct even if its copy cannot be stored.
    await record?.end(body).catch(() => {})
    // The response is not needed any more.
    this.#lingering.end()
  }

  /** Called when everything is written. */
  #finish (): void {
    switch (this.#state) {
      case 'collecting':
        return this.#collected(this.#kept.whole)
      case 'dropping':
        return this.#callBack()
      case 'passing':
        if (this.#record === undefined) return this.#close()
        this.#state = 'deciding'
        this.#isOver = true
        return this.#later(this.#endRecording(this.#kept.whole).then(() => { this.#goOn() }))
    }
  }

  #close (): void {
    this.#endNow(null)
    this.#isOver = true
    this.#lingering.end()
  }

  #endNow (body: Buffer | null): void {
    if (this.#lingering.isGone) this.#callBack()
    else this.#inside('end', [body, 'utf8', this.#endCallback])
    this.#isNativelyEnded = true
    for (const call of this.#late.splice(0)) call()
  }

  /** Calls back for an end that does not reach Node. */
  #callBack (): void {
    if (this.#endCallback === undefined) return
    if (this.#lingering.isGone || this.#response.writableFinished) {
      process.nextTick(this.#endCallback)
    } else {
      this.#response.once('finish', this.#endCallback)
    }
  }

  #sendHead ({ status, reason, fields }: Head): void {
    const response = this.#response
    if (this.#lingering.isGone) return
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    // Passed as an object, because HTTP/2 would add the fields of a list to the existing ones, such
    // as Date.
    this.#inside('writeHead', reason === undefined ? [status, fields] : [status, reason, fields])
  }

  /** Calls a method of Node, which may call others. */
  #inside (method: Method, args: readonly unknown[]): unknown {
    this.#isInside = true
    try {
      return this.#native(method, args)
    } finally {
      this.#isInside = false
    }
  }

  #native (method: Method, args: readonly unknown[]): unknown {
    const call = this.#natives[method]
    if (typeof call !== 'function') throw new TypeError(`a response without ${method}()`)
    return Reflect.apply(call, this.#response, args)
  }
}

/**
 * Resets the stream: over HTTP/2 a client would take an aborted response for the complete one (RFC
 * 9113, 8.1.1).
 */
function resetStream (response: ServerResponse): void {
  const stream: unknown = Reflect.get(response, 'stream')
  if (isHttp2Stream(stream) && !stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR)
}

const isHttp2Stream = (stream: unknown): stream is ServerHttp2Stream =>
  typeof stream === 'object' && stream !== null && 'pushStream' in stream

const NOTHING = Buffer.alloc(0)

function bytesOf (data: unknown, encoding: unknown): Buffer {
  if (typeof data === 'string') {
    return isEncoding(encoding) ? Buffer.from(data, encoding) : encoded(data)
  }
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  throw Object.assign(
    new TypeError(`The "chunk" argument must be a string or a Uint8Array, not ${typeof data}`),
    { code: 'ERR_INVALID_ARG_TYPE' }
  )
}

/** Copied to separate memory, because it may be stored. */
function encoded (text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}

const isEncoding = (encoding: unknown): encoding is BufferEncoding =>
  typeof encoding === 'string' && Buffer.isEncoding(encoding)

const callbackOf = (...candidates: readonly unknown[]): Callback =>
  candidates.find(
    (candidate): candidate is NonNullable<Callback> => typeof candidate === 'function'
  )
