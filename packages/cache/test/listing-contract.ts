import type { Test } from 'tap'
import { type Cache, createCache, type ListedKey } from '../src/index.js'
import { frameOf } from './frames.js'
import { randomFrom } from './random.js'
import type { MakePlace } from './store-place.js'

const TTL = '1h'

/** All pages of a listing. `between` runs after each page. */
async function list (
  cache: Cache<unknown>,
  limit: number,
  between: () => unknown = () => {}
): Promise<ListedKey[][]> {
  const pages: ListedKey[][] = []
  let cursor: string | undefined
  do {
    const page = await cache.keys({ cursor, limit })
    pages.push([...page.keys])
    cursor = page.cursor
    await between()
  } while (cursor !== undefined && pages.length < 10_000)
  return pages
}

const namesOf = (pages: readonly (readonly ListedKey[])[]) =>
  [...new Set(pages.flat().map(({ key }) => key))].sort()

/** The part of the contract about listing keys. */
export function listing (t: Test, makePlace: MakePlace) {
  t.test('each key is listed with its metadata, whatever its text', async (t) => {
    const store = await (await makePlace(t)).open()
    const cache = createCache({ store, namespace: 'n', name: 'a' })
    t.strictSame(await list(cache, 10), [[]], 'none yet')
    const odd = [
      '{a}', '{a', 'a}', 'a}:fill', '{}', 'ключ', '鍵', '🔑', ' a', 'a\nb', 'a\u0000b', '*', '%', "'",
      '[a-z]', '\\', 'x'.repeat(65_536)
    ]
    const tags = [['tag'], [], ['t'.repeat(2000)], ['t'.repeat(70_000), 'more']]
    for (const [i, key] of odd.entries()) {
      const value = 'v'.repeat(i * 100)
      await cache.set(key, value, { ttl: TTL, tags: tags[i % tags.length] ?? [] })
    }
    await createCache({ store, namespace: 'nn' }).set('other', 1, { ttl: TTL })
    const pages = await list(cache, 5)
    t.strictSame(namesOf(pages), [...odd].sort())
    for (const { key, entry, bytes, valid } of pages.flat()) {
      const inspected = (await cache.inspect(key)).store
      const { stamp, storedAt, freshUntil, staleUntil, errorUntil, keptFor, filledBy, cost } =
        inspected?.entry ?? {}
      t.strictSame(entry, {
        stamp,
        storedAt,
        freshUntil,
        staleUntil,
        errorUntil,
        keptFor,
        filledBy,
        cost,
        tags: tags[odd.indexOf(key) % tags.length]
      })
      t.match({ bytes, valid }, { bytes: inspected?.bytes, valid: true })
    }
  })

  t.test('invalid entries, counters and what is no frame are listed as such', async (t) => {
    const store = await (await makePlace(t)).open()
    const cache = createCache<unknown>({ store, namespace: 'n' })
    await cache.set('invalid', 1, { ttl: TTL, tags: ['tag'] })
    await cache.invalidate(['tag'])
    await cache.increment('counter', 5, { tags: ['counters'] })
    await store.namespace('n').entries.set('strange', Buffer.from('strange'), 60_000)
    await store.namespace('n').entries.set('old', frameOf(1, 'old').fill(3, 1, 2), 60_000)
    const listed = new Map((await list(cache, 100)).flat().map((one) => [one.key, one]))
    t.equal(listed.size, 4)
    t.match(listed.get('invalid'), { valid: false, entry: { tags: ['tag'] } })
    t.match(listed.get('counter'), { valid: true, entry: { tags: ['counters'] } })
    t.equal(listed.get('counter')?.bytes, (await cache.inspect('counter')).store?.bytes)
    for (const name of ['strange', 'old']) {
      t.match(listed.get(name), { valid: false, entry: undefined }, name)
    }
  })

  t.test('a key that is there during the whole scan is listed, whatever else changes', async (t) => {
    const store = await (await makePlace(t)).open()
    const { entries } = store.namespace('n')
    const cache = createCache<unknown>({ store, namespace: 'n' })
    const random = randomFrom(1)
    const stay = Array.from({ length: 150 }, (_, i) => `stay ${i}`)
    const names = (round: number) =>
      Array.from({ length: 60 }, () => `passing ${round} ${random(1e6)}`)
    const set = (keys: readonly string[]) =>
      Promise.all(keys.map((key) => entries.set(key, frameOf(1, key), 60_000)))
    await set(stay)
    let passing: readonly string[] = names(0)
    await set(passing)
    let round = 0
    const pages = await list(cache, 20, async () => {
      if (++round > 40) return
      await Promise.all(passing.map((key) => entries.delete(key)))
      await set((passing = names(round)))
      // One that is replaced is there all the time, too.
      await set([stay[round % stay.length] ?? ''])
    })
    const listed = new Set(namesOf(pages))
    t.strictSame(stay.filter((key) => !listed.has(key)), [])
    // The server's own pages may go a little beyond the limit.
    t.ok(Math.max(...pages.map(({ length }) => length)) <= 40, 'pages are bounded')
    t.ok(pages.length > 5, `${pages.length} pages`)
  })

  t.test('namespaces with entries are told', async (t) => {
    const store = await (await makePlace(t)).open()
    for (const namespace of ['b', 'a.b-c']) {
      await createCache({ store, namespace }).set('key', 1, { ttl: TTL })
    }
    t.strictSame(await store.namespaces?.(), { names: ['a.b-c', 'b'], complete: true })
  })

  t.test('a cursor of another scan is refused', async (t) => {
    const cache = createCache({ store: await (await makePlace(t)).open(), namespace: 'n' })
    await t.rejects(cache.keys({ cursor: '!' }), { code: 'WEIR_CACHE_INVALID_CURSOR' })
    for (const bad of [{ cursor: '' }, { limit: 0 }, { limit: 1001 }, { limit: 1.5 }]) {
      await t.rejects(cache.keys(bad), { code: 'WEIR_CACHE_INVALID_OPTION' })
    }
  })
}
