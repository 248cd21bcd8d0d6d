import { PARAMETERS } from '../probing/parameters.js'
import type { RouteProbe } from '../probing/route-probe.js'
import { placeOf } from '../probing/view.js'
import { newToken } from '../probing/token.js'
import type { Trial } from '../probing/trial.js'
import { type Check, type Fault, faults } from './check.js'

const names = ({ route, reads, isolation }: RouteProbe) =>
  [...new Set([...PARAMETERS, ...route.query, ...reads.query])]
    .filter((name) => name !== isolation?.uses)

function * queryTrials (probe: RouteProbe): Generator<Trial> {
  for (const name of names(probe)) {
    for (const value of [undefined, '2', 'true', 'de']) {
      yield {
        check: 'unkeyed-query',
        input: `?${name}`,
        fill: (marker) => ({ query: { [name]: value ?? marker } })
      }
    }
  }
}

/** Names and values that differ in capitals alone, of all parameters together and of known ones. */
function * capitalTrials (probe: RouteProbe): Generator<Trial> {
  const { route, reads, isolation } = probe
  const known = [...new Set([...route.query, ...reads.query])]
    .filter((name) => name !== isolation?.uses)
  for (const group of [names(probe), ...known.map((name) => [name])]) {
    const of = (write: (name: string) => readonly [name: string, value: string]) =>
      ({ query: Object.fromEntries(group.map(write)) })
    const read = of((name) => [name, 'weiraudit'])
    const input = group.length === 1 ? `?${group[0]}` : 'the query'
    yield {
      check: 'unkeyed-query',
      input: `capitals in values of ${input}`,
      fill: () => of((name) => [name, 'WEIRAUDIT']),
      read
    }
    yield {
      check: 'unkeyed-query',
      input: `capitals in names of ${input}`,
      fill: () => of((name) => [name.toUpperCase(), 'weiraudit']),
      read
    }
  }
}

/** Parameters sent twice, and after another separator, of which the app repeats one. */
async function * splitTrials (probe: RouteProbe): AsyncGenerator<Trial> {
  const own = new URL(probe.route.url, 'http://localhost').searchParams
  const pair = (name: string, marker: string) => `${encodeURIComponent(name)}=${marker}`
  const { isolation } = probe
  // The key itself has the first value of the parameter that isolates trials.
  const isKeys = isolation !== undefined && /^query /.test(isolation.name)
  const valuesOf = (name: string): Readonly<Record<string, string>> =>
    isKeys && name === isolation.uses ? {} : { [name]: own.get(name) ?? '1' }
  const all = [...names(probe), ...isKeys ? [isolation.uses] : []]
  const isRepeated = async (separator: string, query: Readonly<Record<string, string>>) => {
    const marker = newToken()
    const tail = all.map((name) => separator + pair(name, marker)).join('')
    return placeOf(marker, await probe.ask(await probe.fresh(), { query, tail })) !== undefined
  }
  const hasTwice = await isRepeated(
    '&', Object.fromEntries(all.flatMap((name) => Object.entries(valuesOf(name)))))
  const hasOther = await isRepeated(';', {})
  for (const name of all) {
    const query = valuesOf(name)
    if (hasTwice) {
      yield {
        check: 'query-pollution',
        input: `?${name}=…&${name}=…`,
        fill: (marker) => ({ query, tail: `&${pair(name, marker)}` }),
        read: { query },
        isMarkerOnly: true
      }
    }
    if (hasOther) {
      yield {
        check: 'query-separator',
        input: `;${name}=…`,
        fill: (marker) => ({ tail: `;${pair(name, marker)}` }),
        isMarkerOnly: true
      }
    }
  }
}

function * bodyTrials (probe: RouteProbe): Generator<Trial> {
  const bodies: Readonly<Record<string, (members: Record<string, string>) => string>> = {
    'application/x-www-form-urlencoded': (members) => new URLSearchParams(members).toString(),
    'application/json': (members) => JSON.stringify(members)
  }
  for (const [type, bodyOf] of Object.entries(bodies)) {
    yield {
      check: 'unkeyed-body',
      input: 'the body of a GET request',
      fill: (marker) => ({
        body: bodyOf(Object.fromEntries(names(probe).map((name) => [name, marker]))),
        headers: { 'content-type': type }
      })
    }
  }
}

/** Looks for parts of the query that change stored responses. */
export const query: Check = async function * (probe) {
  const unkeyed = new Set<string>()
  yield * faults(probe, bodyTrials(probe))
  for await (const fault of faults(probe, queryTrials(probe))) {
    yield fault
    if (fault.check === 'unkeyed-query') unkeyed.add(fault.input)
  }
  // A parameter that is not keyed is not keyed in capitals either.
  if (unkeyed.size === 0) yield * faults(probe, capitalTrials(probe))
  for await (const fault of faults(probe, splitTrials(probe))) {
    // A parameter that is not keyed is not keyed when it is sent twice either.
    const [name = ''] = fault.input.split('=')
    if (fault.check !== 'query-pollution' || !unkeyed.has(name)) yield fault
  }
  if (probe.target.kind === 'loopback') yield * splitting(probe)
}

const SPLIT = 'x-weir-audit-split'

/** Looks for line breaks of the query that become header fields. */
async function * splitting (probe: RouteProbe): AsyncGenerator<Fault> {
  for (const name of names(probe)) {
    const key = await probe.fresh()
    const answer = await probe.ask(key, {
      query: { [name]: `a\r\n${SPLIT}: ${newToken()}` }
    })
    if (!answer.headers.has(SPLIT)) continue
    yield {
      check: 'response-splitting',
      input: `?${name}`,
      found: `A line break in ?${name} adds a header field to the response`,
      answers: [answer]
    }
  }
}
