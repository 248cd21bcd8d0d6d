import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { freePort, startRedis } from '@weir/internal/testing'
import Database from 'better-sqlite3'
import { Cluster, Redis } from 'ioredis'
import t, { type Test } from 'tap'
import {
  askedUrl, askWhy, type JournalBatch, type JournalEvent, type JournalLimits, type JournalStore,
  JournalWriter,
  matcher, memoryJournal, redactor, searchJournal, type ServedFacts, written
} from '../src/journal/index.js'
import { redisJournal } from '../src/journal/redis.js'
import { sqliteJournal } from '../src/journal/sqlite.js'

const NAMESPACE = 'responses'

const invalidated = (at: number, ...tags: string[]): JournalEvent =>
  ({ kind: 'invalidated', at, stamp: at * 1000, tags })

function batchOf (
  run: string,
  seq: number,
  events: readonly JournalEvent[],
  more: Partial<JournalBatch['run']> = {}
): JournalBatch {
  const times = events.map(({ at }) => at)
  const now = Date.now()
  return {
    namespace: NAMESPACE,
    run: { run, instance: `i-${run}`, startedAt: now, coveredTo: now, isEnded: false, ...more },
    seq,
    from: Math.min(now, ...times),
    to: Math.max(0, ...times),
    events: events.map((event) => JSON.stringify(event))
  }
}

/** The contract of every journal. */
function contract (
  name: string,
  place: (t: Test) => Promise<(limits?: JournalLimits) => Promise<JournalStore>>
): void {
  t.test(name, async (t) => {
    const open = await place(t)

    t.test('has what instances wrote, once, between two times', async (t) => {
      const [a, b] = [await open(), await open()]
      const now = Date.now()
      const [first, second] = [invalidated(now - 60_000, 'ü'), invalidated(now, 'x', 'y')]
      t.strictSame(await a.coverage(NAMESPACE), { runs: [], forgottenTo: undefined })
      await a.append(batchOf('1', 1, [first]))
      await b.append(batchOf('2', 1, [second]))
      await b.append(batchOf('2', 1, [second]))
      const all = await searchJournal(a, NAMESPACE, { from: 0, to: now + 1 }, {})
      t.strictSame(all, {
        events: [
          { ...first, run: '1', instance: 'i-1' }, { ...second, run: '2', instance: 'i-2' }
        ],
        isComplete: true
      })
      const last = await searchJournal(a, NAMESPACE, { from: now - 1000, to: now }, {})
      t.strictSame(last.events.map(({ at }) => at), [now])
      t.strictSame(await a.namespaces(), [NAMESPACE])
      t.match(await a.secret(NAMESPACE), /^[\w-]{32}$/)
      t.equal(await b.secret(NAMESPACE), await a.secret(NAMESPACE))
      t.not(await b.secret('other'), await a.secret(NAMESPACE))
      t.equal((await searchJournal(a, 'other', { from: 0, to: now }, {})).events.length, 0)
      await b.append(batchOf('2', 2, [], { isEnded: true, coveredTo: now + 5 }))
      const { runs } = await a.coverage(NAMESPACE)
      t.match(runs.find(({ run }) => run === '2'), { isEnded: true, coveredTo: now + 5 })
    })

    t.test('drops the oldest beyond its bytes, and says up to when', async (t) => {
      const store = await open({ maxBytes: 65_536 })
      const now = Date.now()
      for (let seq = 1; seq <= 40; seq++) {
        const noise = Array.from({ length: 100 }, () => randomUUID())
        await store.append(batchOf('r', seq, [invalidated(now + seq, ...noise)]))
      }
      const { events } = await searchJournal(store, NAMESPACE, { from: 0, to: now + 100 }, {})
      const { forgottenTo = 0 } = await store.coverage(NAMESPACE)
      const times = events.map(({ at }) => at)
      t.ok(events.length >= 10 && events.length < 40, `${events.length} are left`)
      t.equal(Math.min(...times), forgottenTo + 1)
      t.equal(Math.max(...times), now + 40)
    })

    t.test('drops what is too old', async (t) => {
      const store = await open({ retain: 1000 })
      const old = Date.now() - 5000
      await store.append(batchOf('old', 1, [invalidated(old, 'x')], { coveredTo: old }))
      await new Promise((resolve) => setTimeout(resolve, name === 'memory' ? 0 : 1050))
      await store.append(batchOf('new', 1, [invalidated(Date.now(), 'y')]))
      const { events } = await searchJournal(store, NAMESPACE, { from: 0, to: Date.now() }, {})
      t.strictSame(events.map(({ run }) => run), ['new'])
      t.strictSame((await store.coverage(NAMESPACE)).runs.map(({ run }) => run), ['new'])
    })

    t.test('returns many batches page by page', async (t) => {
      const store = await open()
      const now = Date.now()
      for (let seq = 1; seq <= 450; seq++) {
        await store.append(batchOf('r', seq, [invalidated(now + seq, 'x')]))
      }
      const found = await searchJournal(
        store, NAMESPACE, { from: now, to: now + 1000 }, {}, { most: 1000 })
      t.equal(found.events.length, 450)
      t.ok(found.isComplete)
      const range = { from: now, to: now + 1000 }
      const few = await searchJournal(store, NAMESPACE, range, {}, { most: 10 })
      t.strictSame([few.events.length, few.isComplete], [10, false])
      t.equal(few.events.at(-1)?.at, now + 450, 'the newest')
    })
  })
}

contract('memory', async () => {
  let store: JournalStore | undefined
  return async (limits) => {
    if (limits !== undefined || store === undefined) store = memoryJournal(limits)
    return store
  }
})

contract('sqlite', async (t) => {
  const dir = t.testdir()
  let files = 0
  let last = ''
  return async (limits) => {
    if (limits !== undefined || files === 0) last = join(dir, `${++files}.db`)
    const store = sqliteJournal({ file: last, ...limits })
    t.teardown(() => store.close())
    return store
  }
})

const redis = await startRedis(t)
const onRedis = (client: Redis | Cluster) => {
  let prefix = randomUUID()
  return async (limits?: JournalLimits) => {
    if (limits !== undefined) prefix = randomUUID()
    return redisJournal({ client, prefix, ...limits })
  }
}
contract('redis', async () => onRedis(await redis.connect()))

contract('redis cluster', async (t) => {
  const args = ['--cluster-enabled', 'yes', '--cluster-port', `${await freePort()}`]
  const server = await startRedis(t, { args: [...args, '--cluster-announce-ip', '127.0.0.1'] })
  const node = new Redis(server.url)
  await node.cluster('ADDSLOTSRANGE', 0, 16_383)
  await node.quit()
  const client = new Cluster([{ host: '127.0.0.1', port: server.port }])
  t.teardown(() => { client.disconnect() })
  await new Promise((resolve) => client.once('ready', resolve))
  return onRedis(client)
})

t.test('what is no event of a journal is left out', async (t) => {
  const file = join(t.testdir(), 'journal.db')
  const store = sqliteJournal({ file })
  t.teardown(() => store.close())
  const now = Date.now()
  const good = invalidated(now, 'x')
  await store.append({
    ...batchOf('r', 1, [good]), events: [JSON.stringify(good), '{"kind":"filled"}', '7', 'null']
  })
  await store.append(batchOf('s', 1, [good]))
  const db = new Database(file)
  db.prepare('UPDATE weir_journal_1 SET events = ? WHERE run = ?').run(Buffer.from('no'), 's')
  db.prepare('UPDATE weir_journal_runs_1 SET told = ? WHERE run = ?').run('{', 's')
  db.close()
  const { events } = await searchJournal(store, NAMESPACE, { from: 0, to: now }, {})
  t.strictSame(events, [{ ...good, run: 'r', instance: 'i-r' }])
})

t.test('limits that are none are refused', async (t) => {
  t.throws(() => memoryJournal({ maxBytes: 1 }), { code: 'WEIR_METRICS_INVALID_OPTION' })
  t.throws(() => memoryJournal({ retain: 0.5 }), { code: 'WEIR_METRICS_INVALID_OPTION' })
  t.throws(() => redisJournal({}), { code: 'WEIR_METRICS_INVALID_OPTION', message: /^redisJournal/ })
  const store = memoryJournal()
  const options = { store, namespace: 'n', instance: 'i' }
  t.throws(() => new JournalWriter({ ...options, maxPending: -1 }), /maxPending -1/)
  // @ts-expect-error -- a mistake that JavaScript allows
  t.throws(() => new JournalWriter({ ...options, store: undefined }), /store is missing/)
})

/** Facts of requests that stand for themselves. */
const facts: ServedFacts<{ key: string, client: string }> = {
  client: ({ client }) => client,
  event: ({ key, client }, at) => ({
    at, began: at, key, outcome: 'l1', stamp: 7, request: { method: 'GET', url: key, id: '1', client }
  }),
  version: ({ key }) => ({
    key, stamp: 7, tags: ['t'], filledBy: 'i', storedAt: 1, freshUntil: 2, staleUntil: 2, errorUntil: 2
  })
}

t.test('100,000 hits take bounded memory and bounded room in the store', async (t) => {
  const client = await redis.connect()
  const prefix = randomUUID()
  const store = redisJournal({ client, prefix, maxBytes: 65_536 })
  const writer = new JournalWriter({ store, namespace: NAMESPACE, instance: 'i' })
  // Whole seconds, each of which has many clients.
  const start = Math.ceil(Date.now() / 1000) * 1000
  let most = 0
  for (let i = 0; i < 100_000; i++) {
    // Ten seconds of 10,000 hits each, of 50 keys and 1,000 clients.
    const at = start + Math.floor(i / 10)
    const subject = { key: `http://shop/${i % 50}`, client: `user:${i % 1000}` }
    writer.served(at, 'l1', subject.key, 7, subject, facts)
    most = Math.max(most, writer.pending)
    if (i % 5000 === 4999) await writer.flush()
  }
  await writer.close()
  t.ok(most < 500, `${most} events waited`)
  t.equal(writer.dropped, 0)
  const bytes = await client.memory('USAGE', `${prefix}:journal:{${NAMESPACE}}`)
  t.ok(Number(bytes) < 150_000, `the stream takes ${bytes} bytes`)
  const range = { from: start, to: start + 10_000 }
  const { events } = await searchJournal(store, NAMESPACE, range, {}, { most: 10_000 })
  const hits = events.reduce(
    (sum, event) => sum + (event.kind === 'served' ? event.count ?? 1 : 0), 0)
  t.equal(hits, 100_000, 'each hit is recorded or counted')
  const [further] = events.filter((event) => event.kind === 'served' && event.count !== undefined)
  t.match(further, { stamp: 7, outcome: 'l1', hasMoreClients: true })
  t.equal(further?.kind === 'served' && further.clients?.length, 16)
  t.ok(events.some((event) => event.kind === 'served' && event.version?.tags[0] === 't'))
})

t.test('requests of more versions than a second has room for are a gap', async (t) => {
  const store = memoryJournal()
  const writer = new JournalWriter({
    store, namespace: NAMESPACE, instance: 'i', hitsPerSecond: 0, maxPending: 600
  })
  const at = Date.now()
  for (let i = 0; i < 700; i++) {
    writer.served(at, 'l1', `k${i}`, 7, { key: `k${i}`, client: 'c' }, facts)
  }
  await writer.close()
  const { events } = await searchJournal(
    store, NAMESPACE, { from: 0, to: at + 10 }, {}, { most: 2000 })
  t.equal(events.filter(({ kind }) => kind === 'served').length, 500)
  t.match(events.find(({ kind }) => kind === 'gap'), { count: 200, began: at, at })
})

t.test('while Redis is frozen nothing waits; events beyond the bound are a gap', async (t) => {
  const server = await startRedis(t)
  const client = await server.connect({ commandTimeout: 200 })
  const store = redisJournal({ client, prefix: 'frozen' })
  const failures: unknown[] = []
  const writer = new JournalWriter({
    store,
    namespace: NAMESPACE,
    instance: 'i',
    maxPending: 10,
    onWritten: (error) => { if (error !== undefined) failures.push(error) }
  })
  const now = Date.now()
  writer.add(invalidated(now, 'before'))
  await writer.flush()
  server.freeze()
  writer.add(invalidated(now + 1, 'during'))
  await t.rejects(writer.flush())
  const began = performance.now()
  for (let i = 0; i < 25; i++) writer.add(invalidated(now + 2 + i, `later ${i}`))
  t.ok(performance.now() - began < 50, 'recording does not wait')
  await t.rejects(writer.flush())
  t.ok(failures.length >= 2)
  t.equal(writer.dropped, 15)
  server.thaw()
  await writer.flush()
  await writer.close()
  const { events } = await searchJournal(store, NAMESPACE, { from: 0, to: now + 100 }, {})
  t.equal(events.filter(({ kind }) => kind === 'invalidated').length, 12, 'none twice, none lost')
  t.match(events.find(({ kind }) => kind === 'gap'), { count: 15, began: now + 12, at: now + 26 })
  t.match((await store.coverage(NAMESPACE)).runs, [{ isEnded: true }])
})

t.test('closing ends within a bound, whatever the store does', async (t) => {
  const store = { ...memoryJournal(), append: () => new Promise<void>(() => {}) }
  const writer = new JournalWriter({ store, namespace: NAMESPACE, instance: 'i' })
  writer.start()
  writer.add(invalidated(Date.now(), 'x'))
  writer.flush().catch(() => {})
  const began = performance.now()
  await writer.close()
  t.ok(performance.now() - began < 1500)
})

t.test('a question about now waits until each live instance has reported, within a bound', async (t) => {
  const store = memoryJournal()
  const writerOf = (instance: string) => {
    const writer = new JournalWriter({ store, namespace: NAMESPACE, instance })
    writer.start()
    return writer
  }
  const [busy, idle] = [writerOf('busy'), writerOf('idle')]
  await Promise.all([busy.flush(), idle.flush()])
  const killed = { startedAt: Date.now() - 400_000, coveredTo: Date.now() - 320_000 }
  await store.append(batchOf('killed', 1, [], { ...killed, instance: 'killed' }))
  await store.append(batchOf('again', 1, [], { instance: 'killed', isEnded: true }))
  const client = 'user:alice'
  const at = Date.now()
  busy.served(at, 'l1', 'http://s/p', 7, { key: 'http://s/p', client }, facts)
  const question = { url: '/p', client, at, within: 1000 }
  const answer = await askWhy(store, NAMESPACE, question)
  t.equal(answer.served?.request?.client, client)
  t.notMatch(answer.gaps.map(({ text }) => written(text, String)).join(), /up to/)

  await Promise.all([busy.close(), idle.close()])
  const silent = new JournalWriter({ store, namespace: NAMESPACE, instance: 'silent' })
  await silent.flush()
  const { runs } = await store.coverage(NAMESPACE)
  const last = runs.find(({ instance }) => instance === 'silent')?.coveredTo ?? 0
  const began = performance.now()
  const asOf = await askWhy(store, NAMESPACE, { url: '/p', client: 'user:bob', at: Date.now() })
  t.ok(performance.now() - began < 5000)
  const live = asOf.gaps.map(({ text }) => written(text, String))
    .filter((text) => /up to/.test(text))
  t.strictSame(live, [`silent has reported up to ${last}, so the answer is complete up to then.`])
})

t.test('conditions of a search', async (t) => {
  const of = { run: 'r', instance: 'a' }
  const request = { method: 'GET', url: '/p/1?x=1', id: 'q1', trace: 't1', client: 'user:u' }
  const version = {
    key: 'http://s/p/1',
    stamp: 5,
    tags: ['p'],
    filledBy: 'a',
    storedAt: 1,
    freshUntil: 2,
    staleUntil: 2,
    errorUntil: 2
  }
  const events = {
    filled: {
      ...of, kind: 'filled', at: 1, began: 1, version, status: 200, bytes: 1, isRefill: false, request
    },
    served: { ...of, kind: 'served', at: 1, began: 1, outcome: 'l1', key: 'http://s/p/1', version, request },
    many: {
      ...of,
      kind: 'served',
      at: 1,
      began: 1,
      outcome: 'l1',
      key: 'http://s/p/1',
      count: 2,
      clients: ['address:10.0.0.0/24#x']
    },
    written: {
      ...of,
      kind: 'written',
      at: 1,
      began: 1,
      since: 1,
      tags: ['p', '\u0001http://s/p/1'],
      outcome: 'acknowledged',
      consistency: 'strict',
      status: 200,
      request
    },
    gap: { ...of, kind: 'gap', at: 1, began: 1, count: 1 }
  } as const
  const found = (filter: Parameters<typeof matcher>[0]) =>
    Object.entries(events).flatMap(([name, event]) => matcher(filter)(event) ? [name] : []).join()
  t.equal(found({}), 'filled,served,many,written,gap')
  t.equal(found({ kind: 'gap' }), 'gap')
  t.equal(found({ url: '/p/1' }), 'filled,served,many,written')
  t.equal(found({ tag: 'p' }), 'filled,served,written')
  t.equal(found({ client: 'user:u' }), 'filled,served,written')
  t.equal(found({ client: 'address:10.0.0.0/24' }), 'many')
  t.equal(found({ instance: 'b' }), '')
  t.equal(found({ request: 'q1', trace: 't1' }), 'filled,served,written')
})

const SECRET_NAMES = [
  'token', 'pwd', 'pass', 'password', 'sig', 'signature', 'hmac', 'jwt', 'bearer', 'auth',
  'authorization', 'credential', 'credentials', 'X-Amz-Signature', 'x-amz-date', 'sid', 'session',
  'sessionToken', 'PHPSESSID', 'jsessionid', 'code', 'otp', 'pin', 'ticket', 'assertion',
  'SAMLResponse', 'key', 'apiKey', 'api_key', 'secret', 'nonce', 'state', 'user[pin]', 'Email', 'csrf', 'xsrf', '_csrf', 'mfa', 'tkn', 'tok', 'magic', 'invite', 'reset',
  'refresh', 'verify', 'verification', 'reset_code', 'inviteToken', 'magic-link'
]

t.test('secrets in URLs are removed, in generated spellings and places', async (t) => {
  const encoded = (text: string) => text.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`)
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'
  const secret = 'S3CR3TVALUE'
  const places: Record<string, (name: string) => string> = {
    plain: (name) => `/p?a=1&${name}=${secret}&b=2`,
    'encoded name': (name) => `/p?${encoded(name)}=${secret}`,
    'in the path': (name) => `/p;${name}=${secret}/x?a=1`,
    'a custom key': (name) => `http://s#own?${name}=${secret}`,
    'nested, encoded': (name) => `/p?to=${encodeURIComponent(`/q?${name}=${secret}`)}`,
    'nested twice': (name) =>
      `/p?to=${encodeURIComponent(encodeURIComponent(`http://h/q?a=1&${name}=${secret}`))}`,
    'nested, bare': (name) => `/p?to=/q?${name}=${secret}`,
    'encoded =': (name) => `/p?${name}%3D${secret}&b=2`,
    'encoded = twice': (name) => `/p?a=1&${name}%253d${secret}`,
    'encoded ? in the path': (name) => `/p/a%3F${name}=${secret}/x`,
    'encoded ; in the path': (name) => `/p/a%3b${name}%3D${secret}`,
    'escaped JSON': (name) => `/p?q=${encodeURIComponent(
      `{"${name.replace(/^./, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}":"${secret}"}`)}`,
    'single quotes': (name) => `/p?q=${encodeURIComponent(`{'${name}':'${secret}'}`)}`,
    'a scheme': (name) => `/p?h=${name.length % 2 === 0 ? 'Bearer' : 'basic'}%20${secret}`,
    JSON: (name) => `/p?q=${encodeURIComponent(JSON.stringify({ [name]: secret }))}`
  }
  for (const key of [undefined, 'a key of hashes']) {
    const redact = redactor(['Email'], () => key)
    for (const name of SECRET_NAMES) {
      for (const [place, write] of Object.entries(places)) {
        const given = write(name)
        const got = redact(given)
        t.notMatch(decodeURIComponent(decodeURIComponent(got)), secret, `${place}: ${given}`)
        t.equal(redact(given), got)
        const other = redact(given.replaceAll(secret, `${secret}2`))
        if (key !== undefined) t.not(other, got, `${place}: ${given} remains apart`)
        else t.match(got, /\[redacted\]/)
      }
    }
    for (const given of [
      `/reset/${jwt}/x`, `/p?a=${jwt}`, `/p?a=Bearer%20${jwt}`, `/p?a=${encoded(jwt)}`,
      `http://s/p?a=1\n/p []\nauthorization:Bearer ${jwt}`,
      'http://s/p\nx-session:signature', 'http://s/p\n\ncookie:sid=signature'
    ]) {
      t.notMatch(redact(given), /c2lnb|signature/, given)
    }
  }
  const redact = redactor([])
  t.equal(redact('http://u:p@s/p?a=b@c'), 'http://s/p?a=b@c')
  t.equal(redact('http://s/p?to=http%3A%2F%2Fu%3Ap%40s'), 'http://s/p?to=[redacted]')
  for (const text of [
    'http://s/p', '/p?a=1&author=x&%zz=1#f', '/p?presets=1&refreshRate=5&verified=1&invites=2',
    '/a%2Fb?basic=1&q=basic%3D&x%2Cy', '/p?q=bearer&tokyo=1', 'product:1', 'http://s/p?x=%C3%BC\n/p/:id []\naccept'
  ]) {
    t.equal(redact(text), text)
  }
  t.equal(redact('/%70?%zz=%c3&access_token=abc#f'), '/p?%zz=%C3&access_token=[redacted]#f')
  t.ok(redact(`/p?${'eyJ'.repeat(10_000)}&${'?'.repeat(10_000)}`).length > 0, 'in linear time')
})

t.test('questions that are none are named', async (t) => {
  const store = memoryJournal()
  const code = { code: 'WEIR_METRICS_INVALID_QUESTION' }
  const ask = (question: object) =>
    askWhy(store, NAMESPACE, { url: '/p', at: 1, ...question })
  for (const url of ['', 5, undefined, 'http://[', 'http://', 'ftp://x/a', 'p/1', '/p#x']) {
    await t.rejects(ask({ url }), code, String(url))
  }
  for (const wrong of [{ at: NaN }, { at: '5m' }, { within: -1 }, { within: NaN }, { client: '' }]) {
    await t.rejects(ask(wrong), code)
  }
  await t.rejects(searchJournal(store, NAMESPACE, { from: NaN, to: 1 }, {}), code)
  for (const [filter, message] of [
    [null, /filter null/], ['x', /filter/], [{ kind: 'fill' }, /kind 'fill' .*filled, served/],
    [{ kind: null }, /kind null/], [{ tag: null }, /tag null/], [{ url: 5 }, /url 5/]
  ] as const) {
    // @ts-expect-error -- a mistake that JavaScript allows
    const search = searchJournal(store, NAMESPACE, { from: 0, to: 1 }, filter)
    await t.rejects(search, { ...code, message })
  }
  const option = { code: 'WEIR_METRICS_INVALID_OPTION', message: /redactor\(/ }
  for (const names of [null, undefined, 'email', [''], [5], [null]]) {
    // @ts-expect-error -- a mistake that JavaScript allows
    t.throws(() => redactor(names), option)
  }
  // @ts-expect-error -- a mistake that JavaScript allows
  t.throws(() => redactor([], 'secret'), option)
  t.equal(askedUrl('HTTP://u@Shop:80/%7eü%c3'), 'http://shop/~%C3%BC%C3')
  t.equal(askedUrl('http://shop'), 'http://shop/')
})
