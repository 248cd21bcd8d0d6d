import type { Trial } from '../probing/trial.js'
import { newToken } from '../probing/token.js'
import type { Answer } from '../target/target.js'
import { type Check, faults } from './check.js'

const YEAR_2100 = 'Fri, 01 Jan 2100 00:00:00 GMT'

/** Looks for answers to HEAD, ranges, conditions and encodings that are stored as the response. */
export const representation: Check = async function * (probe) {
  const etag = probe.plain.headers.get('etag')
  const conditions: readonly Readonly<Record<string, string>>[] = [
    { 'if-none-match': '*' },
    ...(etag === undefined ? [] : [{ 'if-none-match': etag }]),
    { 'if-modified-since': YEAR_2100 }
  ]
  const trials: Trial[] = [
    { check: 'head-stored', input: 'HEAD', fill: () => ({ method: 'HEAD' }), isSilent: true },
    {
      check: 'partial-stored',
      input: 'Range',
      fill: () => ({ headers: { range: 'bytes=0-1' } }),
      isSilent: true
    },
    ...conditions.map((headers): Trial => ({
      check: 'conditional-stored',
      input: Object.keys(headers).join(),
      fill: () => ({ headers }),
      isSilent: true
    })),
    ...['gzip', 'br', 'deflate', 'zstd'].map((encoding): Trial => ({
      check: 'encoding-mixup',
      input: `Accept-Encoding: ${encoding}`,
      fill: () => ({ headers: { 'accept-encoding': encoding } }),
      read: { headers: { 'accept-encoding': 'identity' } },
      isSilent: true
    }))
  ]
  yield * faults(probe, trials)
}

/** Looks for a 304 to a validator that is not that of the response. */
export const validators: Check = async function * (probe, { etags }) {
  const { text, headers, status } = probe.plain
  const own = headers.get('etag')
  const foreign = [...etags].filter(([etag, body]) => etag !== own && body !== text)
  for (const make of [() => `"${newToken()}"`, ...foreign.slice(-2).map(([etag]) => () => etag)]) {
    const shown: Answer[][] = []
    for (const isFilled of [true, false, true, false]) {
      const key = await probe.fresh()
      const filled = isFilled ? [await probe.ask(key)] : []
      const asked = await probe.ask(key, { headers: { 'if-none-match': make() } })
      const plain = isFilled ? filled : [await probe.ask(key)]
      // The ETag of this very response may be that of another, with the same body.
      const isOwn = plain.some(({ headers }) =>
        headers.get('etag') === asked.sent.headers['if-none-match'])
      if (asked.status === 304 && !isOwn) shown.push([...filled, asked])
    }
    const [first] = shown
    if (first === undefined || shown.length < 2) continue
    yield {
      check: 'conditional-mismatch',
      input: 'If-None-Match',
      found: 'If-None-Match with an ETag of another response is a 304',
      answers: first
    }
    break
  }
  if (own !== undefined && status === 200) etags.set(own, text)
}
