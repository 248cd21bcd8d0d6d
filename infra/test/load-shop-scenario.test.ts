import t from 'tap'
import { parseArguments } from '../load/arguments.js'
import { htmlReport } from '../load/html/report.js'
import { run } from '../load/run.js'
import { scenarios } from '../load/scenarios/all.js'
import { mentionsIn, nameOf, Versions } from '../load/shop/versions.js'
import { KINDS, visits } from '../load/shop/visits.js'
import { textReport } from '../load/text-report.js'

const PLACE = {
  products: 10_000,
  categories: [
    { slug: 'lamps', pages: 3 },
    { slug: 'rugs', pages: 1 }
  ],
  assets: ['/shop/assets/a.css']
}

t.test(
  'the same seed makes the same visits, in the given shares, to existing pages',
  (t) => {
    const take = (seed: number) => {
      const all = visits(PLACE, seed)
      return Array.from({ length: 5000 }, () => all.next().value)
    }
    const first = take(1)
    const paths = (all: typeof first) => all.map(({ path }) => path).join(' ')
    t.ok(paths(take(1)) === paths(first))
    t.ok(paths(take(2)) !== paths(first))
    t.equal(
      Object.values(KINDS).reduce((sum, { percent }) => sum + percent, 0),
      100
    )
    for (const [kind, { percent }] of Object.entries(KINDS)) {
      const share = (first.filter((visit) => visit.kind === kind).length / first.length) * 100
      t.ok(Math.abs(share - percent) < 3, `${kind}: ${share}% of ${percent}%`)
    }
    t.strictSame(
      first
        .map(({ path }) => path)
        .filter((path) => {
          const { pathname, searchParams } = new URL(path, 'http://shop')
          const id = Number(/^\/shop\/products\/(\d+)$/.exec(pathname)?.[1] ?? 1)
          const most =
            PLACE.categories.find(({ slug }) => slug === searchParams.get('category'))?.pages ?? 40
          return id < 1 || id > PLACE.products || Number(searchParams.get('page') ?? 1) > most
        }),
      [],
      'pages that are not there'
    )
    t.end()
  }
)

t.test('an older version after an acknowledged save is found, in a body and behind a 304', (t) => {
  const versions = new Versions()
  const page = (...names: string[]) => ({
    status: 200,
    etag: '"1"',
    body: names.map((name) => `<b>${name}</b>`).join('')
  })
  const name = (version: number) => nameOf('Lamp #e7v1', { id: 7, version })
  t.equal(name(3), 'Lamp #e7v3')
  t.strictSame(mentionsIn(page(name(3), 'Rug').body), [{ id: 7, version: 3 }])
  versions.acknowledged(7, 1, 100)
  versions.acknowledged(7, 2, 200)
  versions.check('/shop', page(name(1)), 150)
  versions.check('/shop', page(name(3)), 250)
  versions.check('/other', page(name(1)), 199)
  t.match(
    versions,
    { checked: 3, older: 0 },
    'a request that was sent before the save was acknowledged may see either'
  )
  versions.check('/shop', page(name(1)), 200)
  t.match(versions, { checked: 4, older: 1 })
  t.equal(versions.etagOf('/other'), '"1"')
  versions.check('/other', { status: 304, etag: '"1"', body: '' }, 300)
  t.match(versions, { checked: 5, older: 2 }, 'the browser shows what it has')
  t.end()
})

t.test(
  'shop: the same load with and without caching, without errors on either side',
  { timeout: 120_000 },
  async (t) => {
    const wish = parseArguments(
      ['--scenario', 'shop', '--duration', '0.5', '--rate', '6', '--connections', '2'],
      {},
      scenarios
    )
    if (wish === 'help') throw new Error('no wish')
    const report = await run(wish, () => {}, new AbortController().signal)
    t.strictSame(report.failed, [])
    t.strictSame(
      report.requirements.filter(({ met }) => !met),
      []
    )
    t.equal(report.requirements.length, 4)
    const comparison = report.results[0]?.comparison
    for (const { name, sides } of comparison?.loads ?? []) {
      const [cached, uncached] = sides
      t.match([cached?.caching, uncached?.caching], ['on', 'off'])
      t.strictSame([cached?.errors, uncached?.errors], [0, 0])
      t.ok(
        cached !== undefined && cached.answered > 0,
        `${name}: ${cached?.answered} with caching`
      )
      t.ok(
        uncached !== undefined && uncached.answered > 0,
        `${name}: ${uncached?.answered} without`
      )
      t.strictSame(uncached?.caches, [], 'no cache was read')
    }
    const [paced] = comparison?.loads ?? []
    t.equal(paced?.sides[0]?.answered, paced?.sides[1]?.answered, 'both got the same requests')
    t.ok((paced?.sides[0]?.caches.length ?? 0) >= 3, 'fragments, answers and pages were read')
    for (const { saves, checked } of comparison?.ends ?? []) {
      t.ok(saves >= 4 && checked > 0, `${saves} saves, ${checked} products checked`)
    }
    t.match(htmlReport(report), /<th scope="col">with caching<\/th><th scope="col">without<\/th>/)
    t.match(textReport(report), /^ +cached +uncached\nrequests, as fast as it can, \/s/m)
    for (const text of [htmlReport(report), textReport(report)]) {
      t.notMatch(text, /NaN|undefined|\[object/)
    }
  }
)
