import type { RequestHeaders } from '../target/target.js'
import type { Change } from '../probing/change.js'
import type { RouteProbe } from '../probing/route-probe.js'
import { newToken } from '../probing/token.js'
import { controlOf, poison, type Trial } from '../probing/trial.js'
import { placeOf, viewOf } from '../probing/view.js'
import { type Check, type Fault, faults } from './check.js'
import { FILES } from './paths.js'

/** Credentials with a made-up value, for apps that do not check them at this place. */
export const MADE_UP: Readonly<Record<string, (marker: string) => RequestHeaders>> = {
  Authorization: (marker) => ({ authorization: `Bearer ${marker}` }),
  'the session cookie': (marker) => ({
    cookie: ['session', 'sid', 'sessionid', 'connect.sid', 'token', 'user']
      .map((name) => `${name}=${marker}`)
      .join('; ')
  }),
  'X-API-Key': (marker) => ({ 'x-api-key': marker })
}

const COOKIES = ['lang', 'locale', 'theme', 'currency', 'country', 'variant', 'ab', 'tenant']
const SESSIONS = /^(?:session|sid|sessionid|connect\.sid|token|user)$/

/** Looks for responses that are served to another user, with made-up credentials. */
export const madeUpUsers: Check = async function * (probe) {
  const trials: Trial[] = []
  let hasCookieLeak = false
  for (const [input, of] of Object.entries(MADE_UP)) {
    trials.push(
      { check: 'user-leak', input, fill: (marker) => ({ headers: of(marker) }) },
      {
        check: 'user-leak',
        input,
        fill: (marker) => ({ headers: of(marker) }),
        read: { headers: of(newToken()) },
        isMarkerOnly: true
      }
    )
  }
  for await (const fault of faults(probe, trials)) {
    yield fault
    if (fault.input === 'the session cookie') hasCookieLeak = true
  }
  // Any cookie leaks where the whole field does.
  if (!hasCookieLeak) yield * cookies(probe)
  yield * deceptions(probe)
}

async function * cookies (probe: RouteProbe): AsyncGenerator<Fault> {
  const trials: Trial[] = []
  const names = new Set([...COOKIES, ...probe.route.cookies, ...probe.reads.cookies])
  for (const name of names) {
    if (SESSIONS.test(name)) continue
    for (const value of [undefined, 'de', 'dark']) {
      trials.push({
        check: 'unkeyed-cookie',
        input: `the cookie ${name}`,
        fill: (marker) => ({ headers: { cookie: `${name}=${value ?? marker}` } })
      })
    }
  }
  yield * faults(probe, trials)
}

/** Looks for paths like those of files under which the page of a user is stored. */
async function * deceptions (probe: RouteProbe): AsyncGenerator<Fault> {
  for (const of of Object.values(MADE_UP)) {
    const marker = newToken()
    const answer = await probe.ask(await probe.fresh(), { headers: of(marker) })
    // Only a page that depends on its user is worth a deception.
    if (placeOf(marker, answer) === undefined) continue
    yield * faults(probe, Object.entries(FILES).map(([suffix, path]): Trial => ({
      check: 'path-deception',
      input: `The path with ${suffix}`,
      fill: (secret) => ({ path, headers: of(secret) }),
      read: { path },
      isMarkerOnly: true
    })))
  }
}

/** Looks for responses of one of the given users that are served to others. */
export const givenUsers: Check = async function * (probe, { users }) {
  const [alice, bob] = users
  if (alice === undefined || bob === undefined) return
  const own = await controlOf(probe, { headers: alice })
  const others: string[] = []
  for (const headers of [bob, {}]) {
    const key = await probe.fresh()
    const part = own.difference(viewOf(await probe.ask(key, { headers }), key.token))
    if (part !== undefined) others.push(part)
  }
  // A page that is the same for all has nothing to leak.
  if (others.length === 0) return
  yield * leaks(probe, alice, bob, undefined)
  for (const [suffix, path] of Object.entries(FILES)) {
    const found: Fault[] = []
    for await (const one of leaks(probe, alice, bob, path)) found.push(one)
    const [first] = found
    if (first !== undefined) {
      yield { ...first, check: 'path-deception', input: `The path with ${suffix}` }
    }
  }
}

async function * leaks (
  probe: RouteProbe,
  alice: RequestHeaders,
  bob: RequestHeaders,
  path: ((path: string) => string) | undefined
): AsyncGenerator<Fault> {
  const as = (headers: RequestHeaders): Change => ({ headers, ...(path !== undefined && { path }) })
  const own = await controlOf(probe, as(alice))
  if (own.status >= 300) return
  for (const [name, headers] of [['another user', bob], ['an anonymous client', {}]] as const) {
    const shown = await poison(probe, {
      check: 'user-leak', input: name, fill: () => as(alice), read: as(headers)
    })
    if (shown === undefined) continue
    const isRefused = shown.usual === 401 || shown.usual === 403
    yield {
      check: isRefused ? 'guard-bypass' : 'user-leak',
      input: name,
      found: isRefused
        ? `The app refuses ${name}, and its cache serves that client the response of a user`
        : `The response of a user is served to ${name}`,
      answers: [shown.filled, shown.read]
    }
  }
}
