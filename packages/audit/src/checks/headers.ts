import type { RouteProbe } from '../probing/route-probe.js'
import type { Trial } from '../probing/trial.js'
import { viewOf } from '../probing/view.js'
import { type Check, faults } from './check.js'

type Values = (marker: string) => readonly string[]

const word: Values = (marker) => [marker]
const host: Values = (marker) => [`${marker}.audit.invalid`]
const path: Values = (marker) => [`/${marker}`]

/** Header fields that frameworks and proxies read, with values that clients do not send. */
const KNOWN: Readonly<Record<string, Values>> = {
  'x-forwarded-host': host,
  'x-forwarded-proto': (marker) => [marker, 'https', 'http'],
  'x-forwarded-port': () => ['59999'],
  'x-forwarded-prefix': path,
  'x-forwarded-server': host,
  'x-forwarded-for': () => ['203.0.113.77'],
  'x-host': host,
  'x-original-url': path,
  'x-rewrite-url': path,
  forwarded: (marker) => [`host=${marker}.audit.invalid;proto=${marker}`],
  accept: () => ['application/json', 'text/html', 'text/plain', 'image/webp'],
  'accept-language': () => ['de', 'fr', 'tlh'],
  'accept-charset': () => ['iso-8859-1'],
  'user-agent': (marker) => [`${marker} iPhone Mobile`, 'Googlebot/2.1'],
  origin: (marker) => [`https://${marker}.audit.invalid`],
  referer: (marker) => [`https://${marker}.audit.invalid/`],
  'sec-ch-ua-mobile': () => ['?1'],
  'save-data': () => ['on'],
  prefer: () => ['return=minimal'],
  dnt: () => ['1'],
  'x-requested-with': () => ['XMLHttpRequest'],
  'cf-ipcountry': () => ['AQ'],
  'cf-connecting-ip': () => ['203.0.113.78'],
  'cf-visitor': () => ['{"scheme":"http"}'],
  'cloudfront-viewer-country': () => ['AQ'],
  'x-country-code': () => ['AQ'],
  'x-real-ip': () => ['203.0.113.79'],
  'x-tenant': word,
  'x-tenant-id': word,
  'x-debug': () => ['1'],
  'x-locale': () => ['de'],
  'x-version': word
}

/** Fields that other checks send, or that are about the connection. */
const ELSEWHERE = new Set([
  'authorization', 'cookie', 'x-api-key', 'host', 'connection', 'content-length', 'content-type',
  'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'keep-alive', 'proxy-authorization',
  'cache-control', 'pragma', 'range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since',
  'if-unmodified-since', 'accept-encoding', 'x-http-method-override', 'x-method-override'
])

/** Values for a field that only this app reads. */
const unknown: Values = (marker) => [marker, 'true']

function * headerTrials (probe: RouteProbe): Generator<Trial> {
  const names = new Set([...Object.keys(KNOWN), ...probe.route.headers, ...probe.reads.headers])
  for (const name of names) {
    if (ELSEWHERE.has(name) || name === probe.isolation?.uses) continue
    const values = KNOWN[name] ?? unknown
    for (let i = 0; i < values('').length; i++) {
      yield {
        check: 'unkeyed-header',
        input: name,
        fill: (marker) => ({ headers: { [name]: values(marker)[i] ?? marker } })
      }
    }
  }
}

function * hostTrials ({ isolation, target }: RouteProbe): Generator<Trial> {
  if (isolation?.uses === 'host') return
  yield {
    check: 'unkeyed-host',
    input: 'Host',
    fill: (marker) => ({ headers: { host: `${marker}.audit.invalid` } })
  }
  yield {
    check: 'unkeyed-host',
    input: 'the port in Host',
    fill: () => ({ headers: { host: `${new URL(target.origin).hostname}:59999` } })
  }
}

function * methodTrials (): Generator<Trial> {
  for (const name of ['x-http-method-override', 'x-method-override', 'x-http-method']) {
    for (const value of ['HEAD', 'OPTIONS', 'WEIRAUDIT']) {
      yield { check: 'method-override', input: name, fill: () => ({ headers: { [name]: value } }) }
    }
  }
}

/** Requests that apps refuse, or answer by an error. */
function * errorTrials ({ route, reads }: RouteProbe): Generator<Trial> {
  for (const name of new Set(['user-agent', ...route.headers, ...reads.headers])) {
    if (ELSEWHERE.has(name)) continue
    yield {
      check: 'stored-error',
      isErrorOnly: true,
      input: `${name} of 2,000 characters`,
      fill: () => ({ headers: { [name]: 'a'.repeat(2000) } })
    }
  }
  const odd: Readonly<Record<string, string>> = {
    'x-weir-audit': 'a'.repeat(9000),
    range: 'bytes=x-',
    'content-type': 'application/x-weir-audit',
    'accept-encoding': 'identity;q=0',
    'if-match': '"weir-audit"',
    'max-forwards': '0',
    authorization: 'WeirAudit',
    cookie: 'weir-audit=%',
    'x-forwarded-for': 'weir audit'
  }
  for (const [name, value] of Object.entries(odd)) {
    yield {
      check: 'stored-error',
      isErrorOnly: true,
      input: name === 'x-weir-audit' ? 'a header field of 9,000 characters' : name,
      fill: () => ({ headers: { [name]: value } })
    }
  }
}

/** Fields that Connection names are for the next hop only: some apps drop them. */
async function * hopTrials (probe: RouteProbe): AsyncGenerator<Trial> {
  const values: Readonly<Record<string, string>> = {
    'accept-language': 'de',
    accept: 'application/json',
    'x-forwarded-host': 'weir.audit.invalid',
    authorization: 'Bearer weir-audit',
    cookie: 'lang=de'
  }
  const names = new Set([...Object.keys(values), ...probe.route.headers])
  for (const name of names) {
    const headers = { [name]: values[name] ?? 'weir-audit' }
    const key = await probe.fresh()
    const answer = await probe.ask(key, { headers })
    // A field without an effect is not missed.
    if (probe.control.difference(viewOf(answer, key.token)) === undefined) continue
    yield {
      check: 'hop-by-hop',
      input: `Connection: ${name}`,
      fill: () => ({ headers: { ...headers, connection: `close, ${name}` } }),
      read: { headers }
    }
  }
}

/** Looks for header fields that change stored responses. */
export const headers: Check = async function * (probe) {
  yield * faults(probe, [
    ...headerTrials(probe), ...hostTrials(probe), ...methodTrials(), ...errorTrials(probe)
  ])
  yield * faults(probe, hopTrials(probe))
}
