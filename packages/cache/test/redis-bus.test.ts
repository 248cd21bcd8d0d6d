import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { startRedis } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { type CacheEvents, createCache } from '../src/index.js'
import { gate } from './gate.js'
import { hearing } from './judging.js'
import { openStore } from './redis-place.js'

const server = await startRedis(t)
// Each has its own store on one client.
const AT_ONCE = 8
const SOON = `${Date.now() * 1000}`

/** Messages that no script publishes. */
const garbage: readonly (string | Buffer)[] = [
  '',
  ' ',
  'hello',
  '{}',
  'null',
  '0',
  '"invalidate"',
  '[]',
  '[',
  '{"kind":"clear"}',
  '['.repeat(100_000),
  'x'.repeat(1_000_000),
  Buffer.from([0xff, 0xfe, 0x00, 0x80]),
  JSON.stringify(['invalidate']),
  JSON.stringify(['unknown', SOON, 'tag']),
  JSON.stringify([['invalidate', SOON, 'tag']]),
  JSON.stringify(['invalidate', Number(SOON), 'tag']),
  JSON.stringify(['invalidate', SOON, 1]),
  JSON.stringify(['invalidate', SOON, ['tag']]),
  JSON.stringify(['invalidate', SOON, null]),
  ...[
    '',
    ' ',
    'NaN',
    '-1',
    '0',
    '1.5',
    '1e3',
    '0x10',
    ` ${SOON}`,
    '-Infinity',
    'Infinity',
    `${2 ** 53 - 1}`,
    `${2 ** 53}`,
    '9'.repeat(400)
  ].flatMap((stamp) =>
    [
      ['invalidate', stamp, 'tag'],
      ['clear', stamp],
      ['replace', stamp, 'key', '']
    ].map((list) => JSON.stringify(list))
  ),
  JSON.stringify(['clear', SOON, 'more']),
  JSON.stringify(['replace', SOON]),
  JSON.stringify(['replace', SOON, 'key']),
  ...['NaN', '-1', '1.5', ' ', 'soon', '9'.repeat(400)].map((end) =>
    JSON.stringify(['replace', SOON, 'key', end])
  ),
  JSON.stringify(['replace', SOON, 'key', '', 'more'])
]

/** Records the namespace's subscription events; `times` resolves after that many. */
function watch (t: Test, namespace: string) {
  const said: boolean[] = []
  const waits: { readonly count: number, readonly open: () => void }[] = []
  const listen = (message: unknown) => {
    const event = message as CacheEvents['weir:cache:listen']
    if (event.namespace !== namespace) return
    said.push(event.complete)
    for (const { count, open } of waits) if (said.length >= count) open()
  }
  subscribe('weir:cache:listen', listen)
  t.teardown(() => { unsubscribe('weir:cache:listen', listen) })
  return {
    said,
    times: (count: number) => {
      const reached = gate()
      waits.push({ count, open: () => { reached.open() } })
      return reached.opened
    }
  }
}

t.test('an invalid message costs one subscription, and nothing else', async (t) => {
  const client = await server.connect()
  for (let begin = 0; begin < garbage.length; begin += AT_ONCE) {
    await Promise.all(garbage.slice(begin, begin + AT_ONCE).map(async (message, i) => {
      const name = `n${begin + i}`
      const text = `${JSON.stringify(message.toString()).slice(0, 60)}`
      const { said, times } = watch(t, name)
      const store = openStore(t, { client })
      const cache = createCache<string>({ store, namespace: name })
      const namespace = await hearing(store.namespace(name))
      await cache.set('key', 'value', { ttl: '1h', tags: ['tag'] })
      await client.spublish(`weir:{${name}}:bus`, message)
      await times(3)
      await hearing(namespace)
      t.strictSame(said, [true, false, true], text)
      t.equal(await cache.get('key'), 'value', 'what is there stays')
      const stamp = await namespace.validity.stamp()
      t.ok(stamp < (Date.now() + 60_000) * 1000, `the clock is what it was: ${stamp}`)
      await cache.invalidate(['tag'])
      t.equal(await cache.get('key'), undefined)
      t.equal(await cache.remember('key', { ttl: '1h', tags: ['tag'] }, () => 'new'), 'new')
      t.equal(await cache.get('key'), 'new')
      t.equal(said.length, 3, 'it was one')
      t.equal(cache.stats().errors, 0)
      await store.close()
    }))
  }
})
