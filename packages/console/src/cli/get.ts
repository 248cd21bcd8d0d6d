import { explain } from '#model/explain.js'
import { type Io, UsageError } from './command.js'
import { define, Failure, printJson, reasonOf } from './define.js'
import { printable } from './table.js'

const SHOWN = ['cache-status', 'age', 'cache-control', 'etag', 'vary', 'cache-groups', 'ratelimit']
const PATIENCE = 30_000

/** `weir get URL`: requests a URL and explains how it was answered. */
export const get = define({
  name: 'get',
  summary: 'Request a URL; with --explain say in words how the cache answered',
  usage: `URL [options]

  --explain           say how it was answered, in place of the body
  -H, --header 'N: V' a request header field; may be repeated
  --json              for scripts; implies --explain`,
  options: {
    explain: { type: 'boolean' },
    header: { type: 'string', short: 'H', multiple: true }
  },
  positionals: { least: 1, most: 1 },
  async run (given, io) {
    const url = urlOf(given.positionals[0] ?? '')
    const headers = given.texts('header').map((text) => fieldOf(text))
    const began = performance.now()
    const response = await answerOf(url, headers, io.signal)
    const isPlain = !given.flag('json') && !given.flag('explain')
    const body = isPlain || !isStream(response) ? await bodyOf(response, isPlain, io) : undefined
    const ms = Math.round((performance.now() - began) * 10) / 10
    const { status } = response
    const cacheStatus = response.headers.get('cache-status')
    const explanation = explain({ status, cacheStatus, age: response.headers.get('age') })
    const shown = SHOWN.flatMap((name) => {
      const value = response.headers.get(name)
      return value === null ? [] : [[name, value] as const]
    })
    if (given.flag('json')) {
      const size = body ?? null
      const fields = Object.fromEntries(response.headers)
      printJson(io, { url: url.href, status, ms, bytes: size, ...explanation, headers: fields })
    } else if (given.flag('explain')) {
      const size = body === undefined ? 'a stream' : `${body} bytes`
      io.stdout.write(`${status} in ${ms} ms, ${size}\n\n${explanation.words}\n\n`)
      for (const [name, value] of shown) io.stdout.write(`${name}: ${printable(value)}\n`)
    }
    return status >= 500 ? 1 : 0
  }
})

/** @throws Failure with the URL and the reason, such as a refused connection */
async function answerOf (url: URL, headers: [string, string][], signal: AbortSignal) {
  try {
    return await fetch(url, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])
    })
  } catch (error) {
    if (signal.aborted) throw error
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    const reason = isLate ? `no response within ${PATIENCE / 1000} s` : reasonOf(error)
    throw new Failure(`${url.href} does not answer: ${reason}`, 'WEIR_CLI_NO_ANSWER')
  }
}

/** Event streams do not end: their head is explained, and their body is not waited for. */
function isStream (response: Response): boolean {
  if (!/^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')) return false
  response.body?.cancel().catch(() => {})
  return true
}

/** Reads the body, prints it as it arrives if `isShown`, and returns its length. */
async function bodyOf (response: Response, isShown: boolean, io: Io): Promise<number> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader()
  let length = 0
  for (;;) {
    const chunk = await reader?.read()
    if (chunk?.value === undefined) return length
    if (isShown) io.stdout.write(chunk.value)
    length += chunk.value.length
  }
}

/** Parses a URL argument. @throws UsageError */
export function urlOf (text: string): URL {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(text)
  const example = URL.canParse(`http://${text}`) && !text.includes('://') && !text.startsWith('/')
    ? `http://${text}`
    : 'http://localhost:3000/products'
  throw new UsageError(`${text} is not the URL of an HTTP service: give one such as ${example}`)
}

/** Parses a header field, given by an option. @throws UsageError */
export function fieldOf (text: string, option = 'header'): [name: string, value: string] {
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):\s*(.*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new UsageError(`--${option} ${text} is not 'Name: value'`)
  }
  return [name, value]
}
