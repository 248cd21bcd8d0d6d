import { connect } from 'node:net'

/** One response as it came over the wire. */
export interface RawResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/**
 * Sends bytes that no HTTP client would send, and reads until the connection ends.
 * @example await exchange(url, 'GET / HTTP/1.0\r\n\r\n')
 */
export async function exchange (url: string, bytes: string): Promise<RawResponse> {
  const text = await everything(url, bytes)
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  return {
    status: Number(first.split(' ')[1]),
    headers: new Map(lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    })),
    body: text.slice(end + 4)
  }
}

/** Returns everything received, as one text. */
export function everything (url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(Number(port), hostname)
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      // nginx keeps reading for 5 s from a client that it has refused.
      if (isWhole(text)) socket.destroy()
    })
    // A server that has finished a request may reset the connection while data is still being sent.
    socket.on('error', () => {}).once('close', () => { resolve(text) })
    socket.write(bytes, 'latin1')
  })
}

function isWhole (response: string): boolean {
  const end = response.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)/i.exec(response.slice(0, end))?.[1]
  return length !== undefined && response.length >= end + 4 + Number(length)
}
