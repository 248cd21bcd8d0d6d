import type { Test } from 'tap'
import type { MetricsStore } from '../src/index.js'
import { countsOf, recordOf, stateOf } from './told.js'

/** An empty place for a store. */
export interface MetricsPlace {
  /**
   * Opens a store there, closed after the test. If the store is shared, each is a separate handle.
   */
  open (): Promise<MetricsStore>
  /** False if handles are independent. */
  readonly shared: boolean
  /**
   * Overwrites the run's record of the minute and its state. Absent if nothing else could write
   * there.
   */
  spoil? (run: string, minute: number, text: string): Promise<void>
}

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const minuteNow = () => Math.floor(Date.now() / MINUTE)

/** The contract of every store. Runs against an empty place per test. */
export function storeContract (
  t: Test,
  name: string,
  makePlace: (t: Test) => Promise<MetricsPlace>
): void {
  const test = (
    what: string,
    run: (t: Test, store: MetricsStore, place: MetricsPlace) => Promise<void>
  ) => {
    t.test(`${name}: ${what}`, async (t) => {
      const place = await makePlace(t)
      await run(t, await place.open(), place)
    })
  }

  test('reported data is read completely', async (t, store) => {
    const now = minuteNow()
    t.strictSame([await store.read(0), await store.instances()], [[], []])
    const [state, record] = [
      stateOf('a', { invalidations: [{ at: 1, namespace: 'n', tags: ['ü', 'x'] }] }),
      recordOf('a', now, 1, 5)
    ]
    await store.write(state, [record])
    t.strictSame(await store.read(0), [record])
    t.strictSame(await store.instances(), [state])
  })

  test('repeated and late reports count once', async (t, store) => {
    const now = minuteNow()
    const write = (seq: number, count: number) =>
      store.write(stateOf('a'), [recordOf('a', now, seq, count)])
    await write(3, 30)
    await write(3, 30)
    await write(2, 20)
    t.strictSame(countsOf(await store.read(0)), { [`a ${now}`]: 30 })
    await write(10, 100)
    await write(9, 90)
    t.strictSame(countsOf(await store.read(0)), { [`a ${now}`]: 100 }, '10 comes after 9')
  })

  test('writes in any order, or all at once, end with the last', async (t, store) => {
    const now = minuteNow()
    const records = [5, 1, 4, 2, 3].map((seq) => recordOf('a', now, seq, seq * 10))
    await Promise.all(records.map((record) => store.write(stateOf('a'), [record])))
    t.strictSame(countsOf(await store.read(0)), { [`a ${now}`]: 50 })
    await store.write(stateOf('a'), [
      recordOf('a', now - 1, 7, 1),
      recordOf('a', now, 6, 60),
      recordOf('a', now, 4, 40)
    ])
    t.strictSame(countsOf(await store.read(0)), { [`a ${now - 1}`]: 1, [`a ${now}`]: 60 })
  })

  test('runs of one instance are separate, and so are minutes', async (t, store) => {
    const now = minuteNow()
    await store.write(stateOf('a'), [recordOf('a', now - 1, 8, 1), recordOf('a', now, 9, 2)])
    await store.write(stateOf('b'), [recordOf('b', now, 1, 3)])
    t.strictSame(countsOf(await store.read(0)), {
      [`a ${now - 1}`]: 1,
      [`a ${now}`]: 2,
      [`b ${now}`]: 3
    })
    t.strictSame(countsOf(await store.read(now)), { [`a ${now}`]: 2, [`b ${now}`]: 3 })
    t.strictSame(await store.read(now + 1), [])
    t.strictSame((await store.instances()).map(({ run }) => run).sort(), ['a', 'b'])
  })

  test('data older than a day is not returned', async (t, store) => {
    const now = minuteNow()
    await store.write(stateOf('old', { at: Date.now() - DAY - MINUTE }), [])
    await store.write(stateOf('a'), [
      recordOf('a', now - 1442, 1, 1),
      recordOf('a', now - 1400, 2, 2),
      recordOf('a', now, 3, 3)
    ])
    t.strictSame(countsOf(await store.read(0)), { [`a ${now - 1400}`]: 2, [`a ${now}`]: 3 })
    t.strictSame(
      (await store.instances()).map(({ run }) => run),
      ['a']
    )
  })

  test('the last state of a process counts; a clock may be set back', async (t, store) => {
    const at = Date.now()
    const said = async () => (await store.instances()).map(({ at, rssBytes }) => [at, rssBytes])
    await store.write(stateOf('a', { at, rssBytes: 2 }), [])
    await store.write(stateOf('a', { at: at - 1000, rssBytes: 1 }), [])
    t.strictSame(await said(), [[at, 2]], 'late')
    await store.write(stateOf('a', { at: at - 10 * MINUTE, rssBytes: 3 }), [])
    t.strictSame(await said(), [[at - 10 * MINUTE, 3]])
  })

  test('a clock that is ahead loses nothing', async (t, store) => {
    const now = minuteNow()
    await store.write(stateOf('a'), [recordOf('a', now + 3, 1, 1)])
    t.strictSame(countsOf(await store.read(now)), { [`a ${now + 3}`]: 1 })
  })

  test('names may be any text', async (t, store) => {
    const now = minuteNow()
    for (const run of ['a b', '{a}', 'ключ', '__proto__']) {
      await store.write(stateOf(run), [recordOf(run, now, 1, 1)])
    }
    t.equal((await store.read(0)).length, 4)
    t.equal((await store.instances()).length, 4)
  })

  test('invalid records are skipped, and replaced', async (t, store, place) => {
    if (place.spoil === undefined) return
    const now = minuteNow()
    const { seq: _, ...partial } = recordOf('a', now, 1, 1)
    const wrong = [
      '',
      'null',
      '{',
      '[]',
      '{}',
      JSON.stringify(partial),
      JSON.stringify({
        ...recordOf('a', now, 1, 1),
        routes: [{ route: 'x', outcomes: { l3: {} }, reasons: {} }]
      }),
      JSON.stringify({ ...recordOf('a', now, 1, 1), filledBy: { x: 'many' } }),
      JSON.stringify({ ...recordOf('a', now, 1, 1), caches: [{ cache: 'x' }] })
    ]
    await store.write(stateOf('b'), [recordOf('b', now, 1, 2)])
    for (const text of wrong) {
      await store.write(stateOf('a'), [recordOf('a', now, 1, 1)])
      await place.spoil('a', now, text)
      t.strictSame(countsOf(await store.read(0)), { [`b ${now}`]: 2 }, text)
      t.strictSame(
        (await store.instances()).map(({ run }) => run),
        ['b'],
        text
      )
    }
    await store.write(stateOf('a', { at: Date.now() + 1 }), [recordOf('a', now, 2, 9)])
    t.strictSame(countsOf(await store.read(0)), { [`a ${now}`]: 9, [`b ${now}`]: 2 })
    t.equal((await store.instances()).length, 2)
  })

  test('records of versions that did not count caches are valid', async (t, store) => {
    const { caches: _, ...older } = recordOf('a', minuteNow(), 1, 3)
    await store.write(stateOf('a'), [older])
    t.strictSame(await store.read(0), [older])
  })

  test('a process that has reported is known', async (t, store) => {
    const at = Date.now()
    const write = (run: string, at: number) => store.write(stateOf(run, { at }), [])
    t.strictSame(
      [
        await write('a', at),
        await write('b', at),
        await write('a', at + 1),
        await write('a', at - 1)
      ],
      [false, false, true, true]
    )
  })

  test('a request stays until an instance has finished it', async (t, store, place) => {
    const { requests } = store
    if (requests === undefined) throw new Error('no requests')
    t.strictSame(await requests.take('a', 5), [])
    await requests.send('a', '1')
    await requests.send('a', '1')
    await requests.send('b}', 'ü "2"')
    t.strictSame(await requests.take('a', 5), ['1'])
    t.strictSame(await requests.take('a', 5), [], 'another instance has it')
    t.equal(await requests.has('a', '1'), true)
    await requests.finish('a', '1')
    t.equal(await requests.has('a', '1'), false)
    const other = place.shared ? (await place.open()).requests : requests
    t.strictSame(await other?.take('b}', 5), ['ü "2"'])
    for (const request of ['1', '2', '3']) await requests.send('c', request)
    t.equal((await requests.take('c', 2)).length, 2)
    t.equal((await requests.take('c', 2)).length, 1)
  })

  test('two handles act as one store', async (t, store, place) => {
    if (!place.shared) return
    const now = minuteNow()
    const other = await place.open()
    await store.write(stateOf('a'), [recordOf('a', now, 2, 20)])
    await other.write(stateOf('a'), [recordOf('a', now, 1, 10)])
    await other.write(stateOf('b'), [recordOf('b', now, 1, 1)])
    t.strictSame(countsOf(await other.read(0)), { [`a ${now}`]: 20, [`b ${now}`]: 1 })
    t.equal((await store.instances()).length, 2)
  })
}
