import { connect, type Socket } from 'node:net'

/** A response as it came over the wire. */
export interface Answer {
  readonly status: number
  /** Values by lower-case name; values of the same name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

const TIMEOUT_MS = 15_000
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)

/**
 * A client that sends raw bytes: Node's HTTP client refuses to send what servers must cope with. It
 * keeps its connection as long as the server does.
 */
export class Connection {
  #socket: Socket | undefined

  constructor (readonly port: number) {}

  /**
   * Sends one request and reads its response; `undefined` if the server closes the connection
   * without one.
   *
   * @param isLast no other request follows on this connection: half-closes it, and ends it with the
   *   response
   * @throws Error if there is neither a response nor an end within 15 s, or the response is not
   *   HTTP/1.1
   */
  async send (bytes: Buffer, { isHead = false, isLast = false } = {}): Promise<Answer | undefined> {
    const socket = this.#socket ??= await opened(this.port)
    const reading = read(socket, isHead)
    if (isLast) socket.end(bytes)
    else socket.write(bytes)
    const answer = await reading
    if (answer === undefined || isLast || closes(answer)) this.close()
    return answer
  }

  close (): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }
}

const closes = ({ headers }: Answer): boolean =>
  headers.get('connection')?.toLowerCase() === 'close' ||
  headers.get('content-type')?.startsWith('text/event-stream') === true

function opened (port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      // A reset counts as an end: `close` follows.
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

function read (socket: Socket, isHead: boolean): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    let received: Buffer = NOTHING
    const timer = setTimeout(() => {
      settle(() => {
        reject(new Error(`no answer in ${TIMEOUT_MS / 1000} s`))
      })
    }, TIMEOUT_MS)
    const settle = (how: () => void) => {
      clearTimeout(timer)
      socket.off('data', onData)
      socket.off('close', onClose)
      how()
    }
    const onData = (chunk: Buffer) => { look(Buffer.concat([received, chunk]), false) }
    const onClose = () => { look(received, true) }
    const look = (bytes: Buffer, isEnd: boolean) => {
      received = bytes
      try {
        const answer = parsed(bytes, isHead, isEnd)
        if (answer !== undefined || isEnd) settle(() => { resolve(answer) })
      } catch (error) {
        settle(() => { reject(error instanceof Error ? error : new Error(String(error))) })
      }
    }
    socket.on('data', onData)
    socket.on('close', onClose)
    if (socket.destroyed) onClose()
  })
}

/** The response in `bytes`, once it is complete. */
function parsed (bytes: Buffer, isHead: boolean, isEnd: boolean): Answer | undefined {
  const at = bytes.indexOf(END_OF_HEAD)
  if (at === -1) return undefined
  const [line = '', ...fields] = bytes.toString('latin1', 0, at).split('\r\n')
  const [, code] = /^HTTP\/1\.1 (\d{3}) /.exec(line) ?? []
  if (code === undefined) {
    throw new Error(`no status line of HTTP/1.1: ${JSON.stringify(line.slice(0, 200))}`)
  }
  const status = Number(code)
  const rest = bytes.subarray(at + END_OF_HEAD.length)
  if (status < 200) return parsed(rest, isHead, isEnd)
  const headers = headersOf(fields)
  const body = isHead || status === 204 || status === 304 ? NOTHING : bodyOf(headers, rest, isEnd)
  return body === undefined ? undefined : { status, headers, body }
}

function headersOf (fields: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>()
  for (const field of fields) {
    const colon = field.indexOf(':')
    const [name, value] = [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()]
    const known = headers.get(name)
    headers.set(name, known === undefined ? value : `${known}, ${value}`)
  }
  return headers
}

function bodyOf (
  headers: ReadonlyMap<string, string>,
  rest: Buffer,
  isEnd: boolean
): Buffer | undefined {
  // An endless stream: its head is the response.
  if (headers.get('content-type')?.startsWith('text/event-stream')) return NOTHING
  if (headers.get('transfer-encoding') === 'chunked') return unchunked(rest)
  const length = headers.get('content-length')
  if (length === undefined) return isEnd ? rest : undefined
  return rest.length < Number(length) ? undefined : rest.subarray(0, Number(length))
}

function unchunked (bytes: Buffer): Buffer | undefined {
  const chunks: Buffer[] = []
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at)
    if (end === -1) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16)
    if (Number.isNaN(size)) throw new Error('a chunk has no size')
    if (size === 0) return bytes.includes(END_OF_HEAD, end) ? Buffer.concat(chunks) : undefined
    if (bytes.length < end + 2 + size + 2) return undefined
    chunks.push(bytes.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}
