import { startRedis } from '@weir/internal/testing'
import type { IoredisClient } from '@weir/redis'
import type { Redis } from 'ioredis'
import t from 'tap'
import { createCache } from '../src/index.js'
import { hearing, valid } from './judging.js'
import { listening } from './listening.js'
import { passingClient } from './passing-client.js'
import { openStore } from './redis-place.js'

const RECORDS = 300_000
const PAGE = 500
// Milliseconds of CPU time over all threads, because elapsed time means nothing on a busy machine.
// A garbage collection may add to a page.
const MOST_OF_A_TURN = 50

const server = await startRedis(t)

t.test('a subscribing instance reads any number of records in small parts', async (t) => {
  const client = await server.connect()
  const first = await openStore(t, { client: passingClient(client) })
    .namespace('n')
    .validity.stamp()
  for (let i = 0; i < RECORDS; i += 5000) {
    await client.zadd(
      'weir:{n}:tags',
      ...Array.from({ length: 5000 }, (_, j) => [first + i + j, `tag ${i + j}`]).flat()
    )
  }
  const pages: number[] = []
  let [turns, turnsOfLastPage, sharedTurns] = [0, -1, 0]
  const passing = passingClient(client)
  const counting: IoredisClient = {
    ...passing,
    async evalshaBuffer (...args) {
      const reply = await passing.evalshaBuffer(...args)
      if (Array.isArray(reply) && reply.length > 2) {
        pages.push((reply.length - 2) / 2)
        if (turns === turnsOfLastPage) sharedTurns++
        turnsOfLastPage = turns
      }
      return reply
    },
    duplicate: (options: Parameters<Redis['duplicate']>[0]) => client.duplicate(options)
  }
  let [isCounting, before, longest] = [true, process.cpuUsage(), 0]
  const turn = () => {
    turns++
    const { user, system } = process.cpuUsage(before)
    longest = Math.max(longest, (user + system) / 1000)
    before = process.cpuUsage()
    if (isCounting) setImmediate(turn)
  }
  turn()
  const complete = listening(true)
  const store = openStore(t, { client: counting })
  const namespace = store.namespace('n')
  await complete
  isCounting = false

  t.ok(pages.length >= RECORDS / PAGE, `${pages.length} pages`)
  t.ok(Math.max(...pages) <= PAGE, 'of at most as many records')
  t.equal(sharedTurns, 0, 'each in a separate turn')
  t.ok(longest < MOST_OF_A_TURN, `${longest.toFixed(1)} ms of CPU in a turn at most`)

  await hearing(namespace)
  const stamp = first + RECORDS - 10
  t.notOk(await valid(namespace, stamp - 1, [`tag ${RECORDS - 10}`]))
  t.ok(await valid(namespace, stamp + 1, [`tag ${RECORDS - 10}`]))
  t.notOk(await valid(namespace, first, ['tag 0']))
})

t.test(
  'an entry below the floor of an instance\'s records is requested once, and stays',
  async (t) => {
    const client = await server.connect()
    await client.flushall()
    const few = openStore(t, { client, maxTags: 5, lease: 60_000 })
    await hearing(few.namespace('n'))
    const cache = createCache<string>({ store: few, namespace: 'n' })
    const writer = createCache<string>({ store: openStore(t, { client }), namespace: 'n' })
    await cache.remember('key', { ttl: '1h', tags: ['tag'] }, () => 'value')
    for (let i = 0; i < 50; i++) {
      await writer.invalidate([`other ${i}`], { consistency: 'bounded' })
    }
    for (let i = 0; i < 3; i++) t.equal(await cache.get('key'), 'value')
    t.equal(cache.lookup('key')?.source, 'l1', 'judged without asking')
    t.equal(cache.stats().discarded, 0)
    await writer.invalidate(['tag'])
    t.equal(await cache.get('key'), undefined)
  }
)
