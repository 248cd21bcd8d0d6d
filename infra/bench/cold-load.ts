import { connect } from 'node:net'
import type { Child } from './children/start.js'

// Pipelining keeps the cost of a request outside the route small.
const CONNECTIONS = 4
const PIPELINING = 8

/** One stretch of load. */
export interface ColdRound {
  /** CPU time of the server for one request. */
  readonly cpuMicros: number
  /** Functions of Weir entered per request, where the server counts them. */
  readonly calls: number
}

/** Requests products that were never requested before, each once, starting with number `first`. */
export async function loadCold (
  server: Child,
  first: number,
  requests: number
): Promise<ColdRound> {
  const before = await server.ask()
  const url = new URL(String(server.ready['url']))
  const begin = (connection: number) => Math.floor((requests * connection) / CONNECTIONS)
  await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, i) =>
      askEach(url, first + begin(i), begin(i + 1) - begin(i))
    )
  )
  const after = await server.ask()
  const grown = (what: string) => (after[what] ?? NaN) - (before[what] ?? NaN)
  if (grown('fills') !== requests) {
    throw new Error(`the handler ran ${grown('fills')} times for ${requests} requests`)
  }
  return { cpuMicros: grown('cpuMicros') / requests, calls: grown('calls') / requests }
}

const ANSWER = 'HTTP/1.1 200 OK\r\n'

/**
 * Sends requests over a plain socket: a client that builds and parses every message would take
 * longer than the server.
 */
function askEach ({ hostname, port, host }: URL, first: number, requests: number): Promise<void> {
  const socket = connect(Number(port), hostname)
  let asked = 0
  let answered = 0
  // The unread rest of the input: a status line may arrive in two pieces.
  let rest = ''
  const ask = (count: number) => {
    const last = Math.min(asked + count, requests)
    let text = ''
    while (asked < last) {
      text += `GET /products/${first + asked++} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
    }
    if (text !== '') socket.write(text)
  }
  return new Promise((resolve, reject) => {
    socket.setEncoding('latin1')
    socket.on('error', reject)
    socket.on('close', () => {
      reject(new Error(`closed after ${answered} of ${requests} answers`))
    })
    socket.on('data', (chunk: string) => {
      const text = rest + chunk
      rest = text.slice(1 - ANSWER.length)
      const found = text.split(ANSWER).length - 1
      answered += found
      ask(found)
      if (answered < requests) return
      resolve()
      socket.destroy()
    })
    ask(PIPELINING)
  })
}
