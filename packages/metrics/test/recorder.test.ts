import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  type InstanceState,
  memoryStore,
  type MetricsStore,
  type MinuteRecord,
  Recorder
} from '../src/index.js'
import { countsOf, vitals } from './told.js'

/** A store that records writes, and does what the test says before it stores them. */
class SteeredStore implements MetricsStore {
  readonly kind = 'memory'
  readonly told: { readonly state: InstanceState, readonly records: readonly MinuteRecord[] }[] = []
  inner = memoryStore()
  before: () => Promise<void> = async () => {}
  after: () => Promise<void> = async () => {}

  async write (state: InstanceState, records: readonly MinuteRecord[]) {
    this.told.push({ state, records })
    await this.before()
    const wasKnown = await this.inner.write(state, records)
    await this.after()
    return wasKnown
  }

  read (sinceMinute: number) { return this.inner.read(sinceMinute) }
  instances () { return this.inner.instances() }
  close () {}
}

const MINUTE = 60_000
const START = Date.UTC(2030, 0, 1)
const FIRST = START / MINUTE

/** A recorder and its store, both with a clock that the test moves, and something to count. */
function recording (t: Test) {
  mock.timers.enable({ apis: ['Date', 'setTimeout', 'setInterval'], now: START })
  t.teardown(() => { mock.timers.reset() })
  const store = new SteeredStore()
  const outcomes: string[] = []
  const recorder = new Recorder({
    store,
    service: 'shop',
    instance: 'shop-1',
    vitals,
    onWritten: (error) => {
      outcomes.push(
        error === undefined ? 'written' : error instanceof Error ? error.message : 'failed'
      )
    }
  })
  const { tallies } = recorder.counters.route('GET /a')
  return {
    store,
    recorder,
    outcomes,
    count: (requests = 1) => {
      for (let i = 0; i < requests; i++) tallies.l1.add(1, 10)
    },
    /** Requests by minutes since the start, as stored. */
    kept: async () =>
      Object.fromEntries(
        Object.entries(countsOf(await store.read(0))).map(([name, count]) => [
          Number(name.split(' ')[1]) - FIRST,
          count
        ])
      )
  }
}

/** Lets this many milliseconds pass, with their consequences. */
async function pass (ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    await setImmediate()
    mock.timers.tick(50)
  }
  await setImmediate()
}

t.test('a minute is reported completely each time, and only if something is new', async (t) => {
  const { store, recorder, count, kept } = recording(t)
  await recorder.flush()
  count(2)
  await recorder.flush()
  count()
  await recorder.flush()
  await recorder.flush()
  const told = store.told.map(({ records }) =>
    records.map(({ seq, routes }) => [seq, routes[0]?.outcomes.l1?.count])
  )
  t.strictSame(told, [[], [[1, 2]], [[2, 3]], []])
  t.strictSame(await kept(), { 0: 3 })
  t.match(store.told.at(-1)?.state, {
    run: recorder.run,
    service: 'shop',
    instance: 'shop-1',
    pid: process.pid,
    node: process.versions.node,
    startedAt: START,
    at: START,
    ...vitals()
  })
})

t.test('minutes', async (t) => {
  const { recorder, count, kept } = recording(t)
  count(2)
  await recorder.flush()
  mock.timers.setTime(START + MINUTE + 500)
  count()
  await recorder.flush()
  count(5)
  await recorder.flush()
  mock.timers.setTime(START + 10 * MINUTE)
  await recorder.flush()
  count(7)
  await recorder.flush()
  t.strictSame(await kept(), { 0: 3, 1: 5, 10: 7 })
})

t.test('setting the clock back restarts no minute', async (t) => {
  const { recorder, count, kept } = recording(t)
  mock.timers.setTime(START + 5 * MINUTE)
  await recorder.flush()
  count(2)
  await recorder.flush()
  mock.timers.setTime(START + MINUTE)
  count(3)
  await recorder.flush()
  count()
  await recorder.flush()
  t.strictSame(await kept(), { 5: 6 })
})

t.test('unacknowledged counts are reported again', async (t) => {
  const { store, recorder, outcomes, count, kept } = recording(t)
  store.before = async () => { throw new Error('no store') }
  count(2)
  await t.rejects(recorder.flush(), /no store/)
  t.equal(recorder.unsent, 1)
  mock.timers.setTime(START + MINUTE)
  count(3)
  await t.rejects(recorder.flush())
  count(4)
  await t.rejects(recorder.flush())
  t.equal(recorder.unsent, 2)
  t.strictSame(await kept(), {})
  store.before = async () => {}
  await recorder.flush()
  t.strictSame(await kept(), { 0: 5, 1: 4 })
  t.strictSame([recorder.unsent, recorder.dropped], [0, 0])
  t.strictSame(outcomes, ['no store', 'no store', 'no store', 'written'])
})

t.test('a write that arrives although its answer is lost counts once', async (t) => {
  const { store, recorder, count, kept } = recording(t)
  store.after = async () => { throw new Error('lost') }
  count(2)
  await t.rejects(recorder.flush())
  count(3)
  store.after = async () => {}
  await recorder.flush()
  t.strictSame(await kept(), { 0: 5 })
})

t.test(
  'without a store an hour of minutes is kept, and after a day without one the last hour',
  async (t) => {
    const { store, recorder, count, kept } = recording(t)
    store.before = async () => {
      throw new Error('no store')
    }
    for (let minute = 0; minute < 100; minute++) {
      mock.timers.setTime(START + minute * MINUTE)
      await t.rejects(recorder.flush())
      count(minute + 1)
      await t.rejects(recorder.flush())
    }
    t.strictSame([recorder.unsent, recorder.dropped], [60, 40])
    store.before = async () => {}
    await recorder.flush()
    t.strictSame(
      await kept(),
      Object.fromEntries(Array.from({ length: 60 }, (_, i) => [i + 40, i + 41]))
    )
    t.equal(recorder.unsent, 0)
  }
)

t.test('a failing store may have lost its data: the last hour is reported again', async (t) => {
  const { store, recorder, count, kept } = recording(t)
  for (let minute = 0; minute < 70; minute++) {
    mock.timers.setTime(START + minute * MINUTE)
    await recorder.flush()
    count(minute + 1)
    await recorder.flush()
  }
  t.strictSame([recorder.unsent, recorder.dropped], [0, 0], 'reported minutes are not dropped')
  store.before = async () => { throw new Error('no store') }
  await t.rejects(recorder.flush())
  t.equal(recorder.unsent, 60)
  store.before = async () => {}
  store.inner = memoryStore()
  await recorder.flush()
  t.strictSame(
    await kept(),
    Object.fromEntries(Array.from({ length: 60 }, (_, i) => [i + 10, i + 11]))
  )
  await recorder.flush()
  t.strictSame(store.told.at(-1)?.records, [])
})

t.test(
  'the last hour is reported again to a store that lost its data between two writes',
  async (t) => {
    const { store, recorder, outcomes, count, kept } = recording(t)
    count(1)
    await recorder.flush()
    mock.timers.setTime(START + MINUTE)
    await recorder.flush()
    count(2)
    await recorder.flush()
    t.equal(recorder.unsent, 0)
    store.inner = memoryStore()
    await recorder.flush()
    t.equal(recorder.unsent, 2)
    await recorder.flush()
    t.strictSame(await kept(), { 0: 1, 1: 2 })

    store.inner = memoryStore()
    count(3)
    const closed = recorder.close()
    await pass(50)
    await closed
    t.strictSame(await kept(), { 0: 1, 1: 5 }, 'also when the recorder is closed')
    t.ok(outcomes.every((outcome) => outcome === 'written'))
  }
)

t.test(
  'one write at a time; an unanswered one is given up, and is harmless when it arrives late',
  async (t) => {
    const { store, recorder, outcomes, count, kept } = recording(t)
    let goOn: () => void = () => {}
    store.before = () =>
      new Promise((resolve) => {
        goOn = resolve
      })
    count(2)
    const first = recorder.flush()
    count(3)
    t.equal(recorder.flush(), first)
    t.equal(store.told.length, 1)
    mock.timers.tick(2000)
    await t.rejects(first, { code: 'WEIR_METRICS_NO_ANSWER' })
    store.before = async () => {}
    await recorder.flush()
    t.strictSame(await kept(), { 0: 5 })
    goOn()
    await recorder.flush()
    t.strictSame(await kept(), { 0: 5 }, 'the late one had two')
    t.equal(outcomes.length, 3)
  }
)

t.test('counts made during a write are part of the next one', async (t) => {
  const { store, recorder, count, kept } = recording(t)
  count(2)
  store.after = async () => {
    count()
    store.after = async () => {}
  }
  await recorder.flush()
  t.strictSame(await kept(), { 0: 2 })
  await recorder.flush()
  t.strictSame(await kept(), { 0: 3 })
})

t.test('every second, once started, and not after it is closed', async (t) => {
  const { store, recorder, count } = recording(t)
  const written = () => new Promise<void>((resolve) => {
    store.after = async () => { resolve() }
  })
  mock.timers.tick(5000)
  t.equal(store.told.length, 0)
  recorder.start()
  recorder.start()
  for (let second = 1; second <= 3; second++) {
    count()
    const next = written()
    mock.timers.tick(1000)
    await next
    // The recorder processes the answer before a following write begins.
    await recorder.flush()
  }
  t.strictSame(
    store.told.filter(({ records }) => records.length > 0).map(({ records }) => records[0]?.seq),
    [1, 2, 3]
  )
  count(5)
  await recorder.close()
  t.equal(store.told.at(-1)?.records[0]?.routes[0]?.outcomes.l1?.count, 8)
  const last = store.told.length
  mock.timers.tick(10_000)
  t.equal(store.told.length, last)
})

t.test(
  'closing does not wait for a store that does not answer, nor for a write in progress',
  async (t) => {
    const { store, recorder, count, kept } = recording(t)
    store.before = () => new Promise(() => {})
    count(1)
    const hanging = recorder.flush()
    count(2)
    store.before = async () => {}
    await recorder.close()
    t.strictSame(await kept(), { 0: 3 }, 'told at last, although a write hangs')
    mock.timers.tick(2000)
    await t.rejects(hanging)

    store.before = () => new Promise(() => {})
    count()
    const closed = recorder.close()
    await pass(550)
    await closed
  }
)

t.test('closing retries if the store fails, for a limited time', async (t) => {
  const { store, recorder, count, kept } = recording(t)
  count(2)
  store.before = async () => {
    store.before = async () => {}
    throw new Error('too busy')
  }
  const closed = recorder.close()
  await pass(50)
  await closed
  t.strictSame(await kept(), { 0: 2 })
  t.strictSame(
    store.told.map(({ state }) => state.endedAt),
    [START, START],
    'it says when it ended'
  )

  store.before = async () => { throw new Error('no store') }
  const again = recorder.close()
  await pass(500)
  await again
  const told = store.told.length
  await pass(500)
  t.equal(store.told.length, told)
})

t.test('invalid options', async (t) => {
  const make = (options: object) => () =>
    new Recorder({ store: memoryStore(), service: 's', instance: 'i', vitals, ...options })
  t.throws(make({ store: undefined }), {
    code: 'WEIR_METRICS_INVALID_OPTION',
    message: /store is missing/
  })
  t.throws(make({ service: '' }), {
    code: 'WEIR_METRICS_INVALID_OPTION',
    message: /service must be/
  })
  t.throws(make({ instance: 'x'.repeat(101) }), { message: /instance must be/ })
})
