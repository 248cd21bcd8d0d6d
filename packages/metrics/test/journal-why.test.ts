import { setTimeout } from 'node:timers/promises'
import { Random, slowTexts } from '@weir/internal/testing'
import t from 'tap'
import {
  askWhy, bounded, type Cause, type FilledEvent, gapsBetween, type JournalCoverage,
  type JournalEvent, type JournalStore, memoryJournal, type Recorded, redactor, type ServedEvent,
  type VersionFacts, why, type Why, written, type WrittenEvent
} from '../src/journal/index.js'
import { keyName } from '../src/journal/redact.js'
import { UrlMatcher } from '../src/journal/url-matcher.js'

const URL = '/products/1'
const KEY = `http://shop.test${URL}\n/products/:id []`
const CLIENT = 'user:alice'
const NOW = 1_800_000_000_000
const INSTANCES = ['a', 'b', 'c'] as const
type Instance = (typeof INSTANCES)[number]
const FOREVER = NOW + 86_400_000

/** A history as it happened, which is recorded with the clocks of its instances. */
class Told {
  readonly events: Recorded[] = []
  readonly #skews: Readonly<Record<Instance, number>>

  constructor (readonly random: Random, most = 40) {
    const skew = () => random.integer(-most, most)
    this.#skews = { a: skew(), b: skew(), c: skew() }
  }

  skewOf (instance: string): number {
    return INSTANCES.reduce((skew, name) => name === instance ? this.#skews[name] : skew, 0)
  }

  instance (): Instance {
    return this.random.pick(INSTANCES)
  }

  add (instance: Instance, event: JournalEvent): void {
    const skew = this.#skews[instance]
    const times = Object.fromEntries(
      Object.entries(event).flatMap(([name, value]) =>
        ['at', 'began', 'since'].includes(name) ? [[name, Number(value) + skew]] : []))
    this.events.push({ ...event, ...times, instance, run: `run-${instance}` })
  }

  fill (
    at: number,
    etag: string,
    more: Partial<VersionFacts> & { by?: Instance } = {}
  ): VersionFacts {
    const { by = this.instance(), ...facts } = more
    const version: VersionFacts = {
      key: KEY,
      stamp: (at - 20) * 1000,
      etag,
      tags: ['products', 'product:1'],
      filledBy: by,
      storedAt: at,
      freshUntil: FOREVER,
      staleUntil: FOREVER,
      errorUntil: FOREVER,
      cacheControl: 'no-cache',
      ...facts
    }
    const event: FilledEvent = {
      kind: 'filled',
      at,
      began: at - 20,
      version,
      status: 200,
      bytes: 10,
      isRefill: false,
      request: { method: 'GET', url: URL, id: `fill-${etag}`, client: 'user:filler' }
    }
    this.add(by, event)
    return version
  }

  serve (
    at: number,
    version: VersionFacts | undefined,
    more: Partial<ServedEvent> & { by?: Instance } = {}
  ): void {
    const { by = this.instance(), ...event } = more
    const describes = this.random.integer(0, 1) === 1
    this.add(by, {
      kind: 'served',
      at,
      began: at - 1,
      outcome: this.random.pick(['l1', 'l2', 'coalesced']),
      key: KEY,
      ...(version !== undefined && { stamp: version.stamp, filledBy: version.filledBy }),
      ...(version?.etag !== undefined && { etag: version.etag }),
      ...(version !== undefined && describes && { version }),
      status: 200,
      request: { method: 'GET', url: URL, id: `get-${at}`, client: CLIENT },
      ...event
    })
  }

  /** A write whose invalidation is in the store at `at` if there is one, and that ends at `end`. */
  write (
    { began, at, end, by = this.instance(), relay = by, ...more }: Omit<Partial<WrittenEvent>, 'at' | 'began'> & {
      began: number, at: number | undefined, end: number, by?: Instance, relay?: Instance
    }
  ): void {
    const tags = this.random.pick([['product:1'], ['products', 'x'], [`\u0001${KEY}`]])
    if (at !== undefined) this.add(relay, { kind: 'invalidated', at, stamp: at * 1000, tags })
    this.add(by, {
      kind: 'written',
      at: end,
      began,
      since: began + (end - began) / 4,
      tags,
      outcome: 'acknowledged',
      consistency: 'strict',
      status: 200,
      request: { method: 'PUT', url: URL, id: `put-${began}`, client: 'user:editor' },
      ...more
    })
  }

  /** Adds events that have nothing to do with the question. */
  noise (from: number, to: number): void {
    const { random } = this
    for (let i = random.integer(0, 30); i > 0; i--) {
      const at = random.integer(from, to)
      const other = { ...this.fillFacts(at), key: 'http://shop.test/products/10\n/products/:id []' }
      const request = { method: 'PUT', url: '/products/10', id: `noise-${i}`, client: 'user:bob' }
      switch (random.integer(0, 3)) {
        case 0:
          this.serve(at, other, { key: other.key, request: { ...request, client: CLIENT } })
          break
        case 1:
          this.add(this.instance(), { kind: 'invalidated', at, stamp: at * 1000, tags: ['product:10'] })
          break
        case 2:
          this.add(this.instance(), {
            kind: 'written',
            at,
            began: at - 10,
            since: at - 5,
            tags: ['product:10'],
            status: 200,
            outcome: random.pick(['acknowledged', 'queued', 'failed']),
            consistency: 'strict',
            request
          })
          break
        default:
          this.add(this.instance(), {
            kind: 'filled',
            at,
            began: at - 5,
            version: other,
            status: 200,
            bytes: 1,
            isRefill: true,
            request
          })
      }
    }
  }

  fillFacts (at: number): VersionFacts {
    return {
      key: KEY,
      stamp: at * 1000,
      tags: ['product:10'],
      filledBy: 'a',
      storedAt: at,
      freshUntil: FOREVER,
      staleUntil: FOREVER,
      errorUntil: FOREVER
    }
  }
}

const coverage: JournalCoverage = {
  runs: INSTANCES.map((instance) => ({
    run: `run-${instance}`, instance, startedAt: NOW - 86_400_000, coveredTo: NOW, isEnded: true
  })),
  forgottenTo: undefined
}

const T = NOW - 3_600_000

/** Tells a history in which a cause is the true one; returns when the client saw the response. */
const CAUSES: Readonly<Record<Cause, (told: Told) => number>> = {
  'not-cached' (told) {
    told.serve(T, undefined, { outcome: 'bypass', reason: 'PRIVATE' })
    return T
  },
  computed (told) {
    const by = told.instance()
    const version = told.fill(T, 'v1', { by })
    told.serve(T, undefined, {
      by,
      outcome: 'miss',
      began: T - 25,
      request: { method: 'GET', url: URL, id: `fill-${version.etag ?? ''}`, client: CLIENT }
    })
    return T
  },
  'computed-before-write' (told) {
    told.fill(T - 60_000, 'v0')
    const took = told.random.integer(1000, 5000)
    told.write({ began: T - took + 300, at: T - took + 400, end: T - 200 })
    told.serve(T, undefined, { outcome: 'miss', began: T - took, reason: 'INVALIDATED' })
    return T
  },
  current (told) {
    const version = told.fill(T - told.random.integer(1000, 60_000), 'v1')
    told.serve(T, version)
    return T
  },
  'before-write' (told) {
    const version = told.fill(T - told.random.integer(1000, 60_000), 'v1')
    told.serve(T, version)
    const began = T + told.random.integer(200, 60_000)
    told.write({ began, at: began + 20, end: began + 60 })
    told.fill(began + 5000, 'v2')
    return T
  },
  'before-acknowledged' (told) {
    const version = told.fill(T - told.random.integer(10_000, 60_000), 'v1')
    const took = told.random.integer(300, 3000)
    told.write({ began: T - took, at: T - 20 + told.random.integer(0, 40), end: T + 200 })
    told.serve(T, version)
    told.fill(T + 1000, 'v2')
    return T
  },
  bounded (told) {
    const version = told.fill(T - told.random.integer(10_000, 60_000), 'v1')
    told.write({ began: T - 400, at: T - 300, end: T - 250, consistency: 'bounded', by: 'a' })
    told.serve(T, version, { by: 'b' })
    return T
  },
  'outbox-behind' (told) {
    const version = told.fill(T - told.random.integer(100_000, 200_000), 'v1')
    const behind = told.random.integer(500, 20_000)
    told.write({
      began: T - 800,
      at: T + behind,
      end: T - 400,
      outcome: 'queued',
      by: 'a',
      relay: told.random.pick(['a', 'b', 'c'])
    })
    told.serve(T, version)
    return T
  },
  'invalidation-failed' (told) {
    const version = told.fill(T - told.random.integer(10_000, 60_000), 'v1')
    told.write({ began: T - 900, at: undefined, end: T - 500, outcome: 'failed', status: 503 })
    told.serve(T, version)
    return T
  },
  'stale-while-revalidate' (told) {
    const age = told.random.integer(10_000, 60_000)
    const version = told.fill(T - age, 'v1', { freshUntil: T - 100 })
    told.serve(T, version, { outcome: 'stale' })
    told.fill(T + 50, 'v2')
    return T
  },
  'stale-if-error' (told) {
    const version = told.fill(T - 60_000, 'v1', { freshUntil: T - 30_000 })
    told.serve(T, version, { outcome: 'stale', standsIn: 'error' })
    return T
  },
  outage (told) {
    const version = told.fill(T - 60_000, 'v1')
    told.write({ began: T - 10_000, at: T - 9900, end: T - 9800 })
    told.serve(T, version, { outcome: 'stale', standsIn: 'outage' })
    return T
  },
  'not-told' (told) {
    const version = told.fill(T - 20_000, 'v1', { freshUntil: T + 1000 })
    told.serve(T, version)
    told.fill(T + told.random.integer(1000, 20_000), 'v2')
    return T
  },
  unexplained (told) {
    const version = told.fill(T - 120_000, 'v1')
    const before = told.random.integer(2000, 60_000)
    told.write({ began: T - before - 100, at: T - before - 50, end: T - before })
    told.serve(T, version)
    return T
  },
  'client-cache' (told) {
    const before = told.random.integer(40_000, 200_000)
    const version = told.fill(T - before, 'v1', { cacheControl: 'public, max-age=600' })
    told.serve(T - before, version)
    told.write({ began: T - 20_000, at: T - 19_900, end: T - 19_800 })
    return T
  },
  'no-request' (told) {
    const version = told.fill(T - 60_000, 'v1')
    told.serve(T - 50_000, version)
    return T
  },
  'no-request-recorded' (told) {
    const version = told.fill(T - 60_000, 'v1')
    told.serve(T - 50_000, version)
    const gap = { kind: 'gap', began: T - 10, at: T + 10, count: 5 } as const
    told.add(told.instance(), gap)
    return T
  }
}

const text = ({ conclusion }: Why) => written(conclusion, (at) => `<${at - T}>`)

t.test('the conclusion agrees with what happened, for every cause, in generated histories', async (t) => {
  for (const [cause, tell] of Object.entries(CAUSES)) {
    const wrong = new Set<string>()
    for (let seed = 1; seed <= 200; seed++) {
      const told = new Told(new Random(seed))
      const at = tell(told)
      told.noise(at - 60_000, at + 60_000)
      const events = told.events.toSorted((a, b) => a.at - b.at)
      const answer = why({ url: URL, client: CLIENT, at }, events, coverage, NOW)
      const isSure = answer.isCertain || cause === 'no-request-recorded' ||
        answer.explained?.clocks !== undefined
      if (answer.cause !== cause || !isSure) wrong.add(`${seed}: ${answer.cause}: ${text(answer)}`)
    }
    t.strictSame([...wrong].slice(0, 3), [], cause)
  }
})

t.test('an order that only clocks tell is probable, in histories with generated skews', async (t) => {
  const wrong = new Set<string>()
  let [mistaken, probable] = [0, 0]
  for (let seed = 1; seed <= 2000; seed++) {
    const told = new Told(new Random(seed), 50)
    const apart = told.random.integer(-500, 500)
    const version = told.fill(T - 60_000, 'v1')
    told.write({ began: T + apart - 80, at: T + apart - 40, end: T + apart })
    told.serve(T, version)
    const skewOf = (instance: string) => told.skewOf(instance)
    const real = told.events.map((event): Recorded => ({
      ...event,
      at: event.at - skewOf(event.instance),
      ...('began' in event && { began: event.began - skewOf(event.instance) }),
      ...('since' in event && { since: event.since - skewOf(event.instance) }),
      instance: 'a',
      run: 'run-a'
    }))
    const question = { url: URL, client: CLIENT, at: T }
    const truth = why(question, real, coverage, NOW).cause
    const answer = why(question, told.events, coverage, NOW)
    const isProbable = answer.explained?.order !== undefined
    if (answer.cause !== truth) mistaken++
    if (isProbable) probable++
    const isRight = answer.cause === truth || isProbable
    const isTold = isProbable === /^Probably: .* tell the order /.test(text(answer)) &&
      (!isProbable || !answer.isCertain)
    const isModest = !isProbable || Math.abs(apart) <= 300
    if (!isRight || !isTold || !isModest) wrong.add(`${seed}: ${apart} ${truth} ${text(answer)}`)
  }
  t.strictSame([...wrong].slice(0, 3), [])
  t.ok(mistaken > 50 && probable > mistaken, `${mistaken} mistaken, ${probable} probable`)
})

t.test('a gap makes conclusions uncertain that rest on the absence of events', async (t) => {
  for (const [cause, isCertain] of [['current', false], ['before-acknowledged', true]] as const) {
    const told = new Told(new Random(1))
    const at = CAUSES[cause](told)
    told.add('a', { kind: 'gap', began: at - 300, at: at - 200, count: 3 })
    const answer = why({ url: URL, client: CLIENT, at }, told.events, coverage, NOW)
    t.strictSame([answer.cause, answer.isCertain, answer.gaps.length], [cause, isCertain, 1])
  }
})

t.test('the reasons why a journal has gaps', async (t) => {
  const run = { run: 'r1', instance: 'a', startedAt: 1000, coveredTo: 50_000, isEnded: false }
  const gaps = (given: Partial<JournalCoverage>, from: number, to: number, now = 1_000_000) =>
    gapsBetween(from, to, { runs: [run], forgottenTo: undefined, ...given }, [], now)
      .map(({ text }) => written(text, String))
  t.strictSame(gaps({ runs: [] }, 0, 1), ['No instance has written to this journal.'])
  t.strictSame(gaps({}, 500, 2000), ['The journal begins at 1000.'])
  t.strictSame(gaps({}, 2000, 50_000), [])
  t.strictSame(gaps({}, 55_000, 56_000),
    ['a has not reported since 50000: it was killed, or is cut off.'])
  t.strictSame(gaps({}, 500_000, 500_001), [], 'after minutes it serves nothing')
  t.strictSame(gaps({}, 52_000, 52_000, 53_000),
    ['a has reported up to 50000, so the answer is complete up to then.'])
  t.strictSame(gaps({ forgottenTo: 3000 }, 2000, 4000),
    ['The journal has dropped events before 3000 for lack of room.'])
  const next = { ...run, run: 'r2', startedAt: 60_000, coveredTo: 900_000, isEnded: true }
  t.strictSame(gaps({ runs: [run, next] }, 70_000, 80_000), [], 'its successor runs')
  t.equal(gaps({ runs: [run, next] }, 55_000, 80_000).length, 1)
})

t.test('requests that were only counted', async (t) => {
  const told = new Told(new Random(1))
  const version = told.fill(T - 5000, 'v1')
  const many = { outcome: 'l1', count: 900, began: T - 900, clients: ['user:x', CLIENT] } as const
  told.add('a', { kind: 'served', at: T, key: KEY, stamp: version.stamp, ...many })
  const ask = (client: string) => why({ url: URL, client, at: T }, told.events, coverage, NOW)
  t.strictSame([ask(CLIENT).cause, ask(CLIENT).served?.count], ['current', 900])
  t.equal(ask('user:z').cause, 'no-request')
  told.add('a', { kind: 'served', at: T, key: KEY, stamp: version.stamp, ...many, hasMoreClients: true })
  t.strictSame([ask('user:z').cause, ask('user:z').isCertain], ['no-request-recorded', false])
  t.match(text(ask('user:z')), /only counted/)
})

t.test('the old version is meant if the client got several, else the nearest', async (t) => {
  const told = new Told(new Random(3))
  const [old, next] = [told.fill(T - 60_000, 'v1'), told.fill(T - 8000, 'v2')]
  told.write({ began: T - 9500, at: T - 9400, end: T - 9300 })
  told.serve(T - 9450, old, { by: 'a' })
  told.serve(T - 100, next, { by: 'a' })
  told.serve(T + 3000, next, { by: 'a' })
  const ask = (within: number) =>
    why({ url: URL, client: CLIENT, at: T, within }, told.events, coverage, NOW)
  t.strictSame([ask(30_000).cause, ask(30_000).explained?.version?.stamp], ['before-acknowledged', old.stamp])
  t.equal(ask(4000).served?.request?.id, `get-${T - 100}`)
})

t.test('URLs match with or without host and query', async (t) => {
  const told = new Told(new Random(3))
  const key = 'http://shop.test/products?limit=20'
  told.serve(T, { ...told.fillFacts(T - 10), key }, { key })
  const causeOf = (url: string) => why({ url, at: T }, told.events, coverage, NOW).cause
  for (const url of ['/products', '/products?limit=20', key, 'http://shop.test/products']) {
    t.equal(causeOf(url), 'current', url)
  }
  for (const url of ['/product', '/products?limit=2', 'http://other.test/products']) {
    t.equal(causeOf(url), 'no-request-recorded', url)
  }
})

/** A journal of what happened. */
async function journalOf (told: Told): Promise<JournalStore> {
  const store = memoryJournal({ retain: Number.MAX_SAFE_INTEGER })
  for (const [i, { run, instance, ...event }] of told.events.entries()) {
    await store.append({
      namespace: 'n',
      run: { run: `${run} ${i}`, instance, startedAt: T - 9_000_000, coveredTo: NOW, isEnded: true },
      seq: 1,
      from: event.at,
      to: event.at,
      events: [JSON.stringify(event)]
    })
  }
  return store
}

t.test('a version that is older than the hour before is looked up at its own time', async (t) => {
  const told = new Told(new Random(5))
  const version = told.fill(T - 7_200_000, 'v1')
  told.serve(T, version)
  const store = await journalOf(told)
  const answer = await askWhy(store, 'n', { url: URL, client: CLIENT, at: T }, NOW)
  t.equal(answer.cause, 'current')
  t.equal(answer.explained?.version?.fill?.request.id, 'fill-v1')
  const none = await askWhy(store, 'n', { url: '/none', at: T }, NOW)
  t.strictSame([none.cause, none.isCertain], ['no-request-recorded', false])
  t.match(text(none), /Routes without caching have no journal/)
})

t.test('a search that runs out of time still finds what is near the question', async (t) => {
  const told = new Told(new Random(5))
  const version = told.fill(T - 60_000, 'v1')
  told.serve(T, version)
  const store = await journalOf(told)
  const whole = await askWhy(store, 'n', { url: URL, client: CLIENT, at: T }, NOW)
  for (const hasEarly of [false, true]) {
    const slow: JournalStore = {
      ...store,
      async read (namespace, range) {
        const { batches } = await store.read(namespace, range)
        if (range.to - range.from < 600_000) return { batches, cursor: undefined }
        // Longer than a search takes.
        await setTimeout(2100)
        return { batches: hasEarly ? batches : [], cursor: 'more' }
      }
    }
    const answer = await askWhy(slow, 'n', { url: URL, client: CLIENT, at: T }, NOW)
    t.strictSame([answer.cause, answer.isCertain], ['current', false])
    if (hasEarly) t.strictSame(answer.timeline, whole.timeline, 'each event once')
  }
})

t.test('every conclusion and every line of evidence is a sentence', async (t) => {
  for (const [cause, tell] of Object.entries(CAUSES)) {
    const told = new Told(new Random(7))
    const at = tell(told)
    told.add('a', { kind: 'invalidated', at: at + 1, stamp: (at + 1) * 1000, tags: [] })
    const answer = why({ url: URL, client: CLIENT, at }, told.events, coverage, NOW)
    t.match(text(answer), /^[A-Z].*[.]$/, cause)
    t.notMatch(text(answer), /undefined|NaN|\[object/)
    for (const step of answer.timeline) t.notMatch(written(step.text, String), /undefined|NaN|\[object/)
  }
})

t.test('a redacted URL is found by its own; those that look alike are never sure', async (t) => {
  const secret = 'the key of the store'
  const wrong = new Set<string>()
  const origin = 'http://shop.test'
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'
  const places: Record<string, (value: string) => string> = {
    query: (value) => `/p?a=1&token=${value}&x=~a`,
    encoded: (value) => `/p?a=1&to%6ben=${value}&x=%7ea`,
    matrix: (value) => `/p;token=${value}/x`,
    many: (value) => `/p${`;token=${value}`.repeat(9)}/x?sid=${value}&pin=${value}`,
    nested: (value) => `/p?to=${encodeURIComponent(`/q?token=${value}`)}`,
    jwt: (value) => `/p/${jwt}${value}/x`,
    own: (value) => `/p?mail=${value}`,
    'a long query': (value) => `/p?token=${value}&x=${'y'.repeat(3000)}`,
    'a long path': (value) => `/p;token=${value}/${'y'.repeat(3000)}?z=1`,
    'cut in a mark': (value) => `/p?x=${'y'.repeat(1010)}&sid=${value}`
  }
  const keys = {
    known: { own: secret, hashKey: keyName(secret) },
    another: { own: 'a key of the services', hashKey: keyName('a key of the services') },
    unnamed: { own: secret },
    none: { own: undefined }
  }
  for (const [place, write] of Object.entries(places)) {
    for (const [which, { own, ...named }] of Object.entries(keys)) {
      const redact = redactor(['mail'], () => own)
      const runs = coverage.runs.map((run) => ({ ...run, ...named, redact: ['mail'] }))
      const told = new Told(new Random(1))
      for (const [value, client] of [['AAAA', 'user:alice'], ['BBBB', 'user:bob']] as const) {
        const key = bounded(redact, `${origin}${write(value)}\n/p []`)
        const version = told.fill(T - 5000, value, { key })
        const url = bounded(redact, write(value))
        told.serve(T, version, { key, request: { method: 'GET', url, id: value, client } })
      }
      const ask = (url: string) =>
        why({ url, at: T }, told.events, { ...coverage, runs }, NOW, true, secret)
      for (const [value, client] of [['AAAA', 'user:alice'], ['BBBB', 'user:bob']] as const) {
        for (const start of ['', origin, 'HTTP://u:p@SHOP.test:80']) {
          const { served, isCertain } = ask(start + write(value))
          const isFound = which === 'known'
            ? served?.request?.client === client && isCertain
            : served !== undefined && !isCertain
          if (!isFound) wrong.add(`${place} ${which} ${start} ${value}: ${client} ${isCertain}`)
        }
      }
      const others = ['/q', '/p?token=AAAA', `http://other.test${write('AAAA')}`, `/z${write('AAAA')}`]
      if (which === 'known') others.push(write('CCCC'), `${write('AAAA')}z`)
      for (const url of others) {
        // The key of a long URL has lost its end.
        const { served, isCertain } = ask(url)
        const isOther = served === undefined || (url.length > 1000 && !isCertain)
        if (!isOther) wrong.add(`${place} ${which}: ${url.slice(0, 80)} is another`)
      }
      const shown = told.events.flatMap((event) =>
        event.kind === 'served' ? [[event.request?.url ?? '', event.request?.client]] : [])
      for (const [url = '', client] of own === undefined ? [] : shown) {
        const { served, isCertain } = ask(url)
        if (served?.request?.client !== client || !isCertain) wrong.add(`${place} ${which}: ${url}`)
      }
    }
  }
  t.strictSame([...wrong].slice(0, 5), [])
})

t.test('URLs are compared in linear time', async (t) => {
  const told = new Told(new Random(1))
  const redact = redactor([], () => 'a key')
  t.strictSame(slowTexts((text) => {
    const url = `/${text.replace(/[^!-~]|#/g, '')}`
    const key = `${url.slice(0, 1024)}[redacted]`
    told.events.length = 0
    told.serve(T, undefined, { key })
    return told.events.map((event) =>
      event.kind === 'served' && new UrlMatcher(`${url}/x`).has(event))
  }), [])
  const asked = `/c/r${';token=1'.repeat(40)}`
  told.events.length = 0
  told.serve(T, undefined, { key: redact(`http://shop.test${asked}!`) })
  told.serve(T, undefined, { key: redactor([])(`http://shop.test${asked}!`) })
  const began = performance.now()
  t.equal(why({ url: `${asked}/x`, at: T }, told.events, coverage, NOW).served, undefined)
  t.ok(performance.now() - began < 500)
})

t.test('requests under a key of the route\'s own are found by their URL', async (t) => {
  const told = new Told(new Random(9))
  const key = 'http://shop.test#product-1\n/products/:id []'
  const version = told.fill(T - 5000, 'v1', { key, cacheControl: 'no-cache' })
  told.serve(T, version, { key })
  const many = { outcome: 'l1', count: 9, began: T - 100, clients: ['user:x'] } as const
  told.add('a', { kind: 'served', at: T, key, stamp: version.stamp, ...many })
  const ask = (url: string, client = CLIENT) =>
    why({ url, client, at: T }, told.events, coverage, NOW)
  t.equal(ask(URL).cause, 'current')
  t.equal(ask(`http://shop.test${URL}`).explained?.version?.fill?.request.id, 'fill-v1')
  t.equal(ask(URL, 'user:x').served?.count, 9)
  t.equal(ask('http://shop.test#product-1').cause, 'current')
  t.equal(ask('/products/2').cause, 'no-request-recorded')
})

t.test('an impossible order of events is never sure, and names both clocks', async (t) => {
  const build = (fill: number, write?: number) => {
    const told = new Told(new Random(2))
    const version = told.fill(T - 60_000, 'v1', { by: 'b', storedAt: fill })
    told.serve(T, version, { by: 'a', version })
    if (write !== undefined) told.write({ began: write - 90, at: write - 50, end: write, by: 'c' })
    return why({ url: URL, client: CLIENT, at: T }, told.events, coverage, NOW)
  }
  const skewed = build(T + 5000)
  t.notOk(skewed.isCertain)
  t.match(skewed.explained?.clocks, { ahead: 'b', behind: 'a' })
  t.match(text(skewed), /clocks of b and a disagree, by 5 s or more/)
  const early = build(T - 1000, T - 9000)
  t.notOk(early.isCertain)
  t.match(text(early), /clocks of b and c disagree/)
  t.equal(build(T - 1000).explained?.clocks, undefined)
  t.ok(build(T - 1000).isCertain)
  const late = build(T - 20_000, T - 9000)
  t.strictSame([late.cause, late.isCertain], ['unexplained', false])
  t.match(text(late), /clocks of a and c disagree/)
})
