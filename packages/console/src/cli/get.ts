import { explain } from '#model/explain.js'
import { UsageError } from './command.js'
import { define, printJson } from './define.js'
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
    const headers = given.texts('header').map(fieldOf)
    const began = performance.now()
    const response = await fetch(url, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([io.signal, AbortSignal.timeout(PATIENCE)])
    })
    const body = Buffer.from(await response.arrayBuffer())
    const ms = Math.round((performance.now() - began) * 10) / 10
    const { status } = response
    const cacheStatus = response.headers.get('cache-status')
    const explanation = explain({ status, cacheStatus, age: response.headers.get('age') })
    const shown = SHOWN.flatMap((name) => {
      const value = response.headers.get(name)
      return value === null ? [] : [[name, value] as const]
    })
    if (given.flag('json')) {
      const size = body.length
      const fields = Object.fromEntries(response.headers)
      printJson(io, { url: url.href, status, ms, bytes: size, ...explanation, headers: fields })
    } else if (given.flag('explain')) {
      io.stdout.write(`${status} in ${ms} ms, ${body.length} bytes\n\n${explanation.words}\n\n`)
      for (const [name, value] of shown) io.stdout.write(`${name}: ${printable(value)}\n`)
    } else {
      io.stdout.write(body)
    }
    return status >= 500 ? 1 : 0
  }
})

/** Parses a URL argument. @throws UsageError */
export function urlOf (text: string): URL {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(text)
  throw new UsageError(`${text} is not a URL: give one such as http://localhost:3000/products`)
}

function fieldOf (text: string): [name: string, value: string] {
  const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):\s*(.*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new UsageError(`--header ${text} is not 'Name: value'`)
  }
  return [name, value]
}
