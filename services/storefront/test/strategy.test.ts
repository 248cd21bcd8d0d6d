import { access, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Cache } from '@weir/cache'
import t from 'tap'
import { article, build, fakeCatalog, startFake, sunny, tempDir } from './support/world.js'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const read = (path: string) => readFile(ROOT + path, 'utf8')
const page = await read('docs/strategy.md')

/** Returns the text under a heading. */
const section = (heading: string, text = page): string =>
  text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
/** Returns the cells of a section's tables, without heads. */
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter(
      (line, i, lines) =>
        line.startsWith('|') &&
        !line.startsWith('|---') &&
        lines[i + 1]?.startsWith('|---') !== true
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
    )

/** Returns claims that end neither with a link nor with a note that there is no test. */
const unheld = (text: string): string[] => [
  ...rows(text)
    .filter((cells) => !isHeld(cells.at(-1) ?? ''))
    .map((cells) => cells.join(' | ')),
  ...text
    .split(/\n\n|\n(?=- )/)
    .filter(
      (block) => block.startsWith('- ') && !isHeld(block.trim().split('\n').slice(-2).join(' '))
    )
]
const isHeld = (end: string): boolean => /\]\([^)]+\)$|\*\*no test\*\*[^*]*$/.test(end.trim())

/** Returns broken links, to a file or a test in it. */
async function broken (text: string): Promise<string[]> {
  const problems: string[] = []
  for (const [, path = '', , title] of text.matchAll(
    /\]\(([^)\s#]+)(#[^)\s]*)?(?: "([^"]*)")?\)/g
  )) {
    if (/^https?:/.test(path)) continue
    const file = new URL(path, 'file:///docs/').pathname.slice(1)
    if (
      !(await access(ROOT + file).then(
        () => true,
        () => false
      ))
    ) { problems.push(file) } else if (
      title !== undefined &&
      !(await read(file)).replaceAll("\\'", "'").includes(`'${title}'`)
    ) { problems.push(`${file}: ${title}`) }
  }
  return problems
}

t.test('each claim of docs/strategy.md has existing evidence', async (t) => {
  const claims = [
    'Context and goals',
    'Layers',
    'Lifetimes',
    'Invalidation',
    'Memory',
    'Stampedes',
    'Failure modes',
    'Watch',
    'What it is worth',
    'Decided against'
  ]
  for (const heading of claims) {
    const text = section(heading)
    t.ok(rows(text).length + text.split('\n- ').length > 3, heading)
    t.strictSame(unheld(text), [], heading)
  }
  t.strictSame(await broken(page), [])
  // Figures equal those of the report.
  const report = (await read('docs/load-shop.html')).replace(/<\/?code>/g, '')
  for (const [what = '', one = '', other = ''] of [
    ...rows(section('What it is worth')),
    ...rows(section('Memory'))
  ]) {
    const [, name = '', cells = ''] =
      [...report.matchAll(/<th scope="row">([^<]*)<\/th>((?:<td>[^<]*<\/td>)+)/g)].find(
        ([, name = '']) => name === what.replace(/, (?:\/s|ms|MB)$/, '').replaceAll('`', '')
      ) ?? []
    t.ok(
      name !== '' && cells.startsWith(`<td>${one}</td><td>${other}</td>`),
      `${what}: ${one}, ${other}`
    )
  }

  t.strictSame(unheld('| a | b |\n|---|---|\n| claim | nothing |\n\n- another\n'), [
    'claim | nothing',
    '- another\n'
  ])
  t.strictSame(
    await broken('[x](no.md), [y](../services/storefront/test/pages.test.ts "no such test")'),
    ['docs/no.md', 'services/storefront/test/pages.test.ts: no such test']
  )
})

t.test('keys, lifetimes and tags of the document equal those of entries', async (t) => {
  const [catalog, weather] = await Promise.all([
    startFake(t, fakeCatalog([article(1), article(2)])),
    startFake(t, sunny)
  ])
  const app = await build(t, {
    DATA_DIR: await tempDir(t),
    CATALOG_ORIGIN: catalog.origin,
    WEATHER_ORIGIN: weather.origin
  })
  for (const url of ['/shop', '/shop/products/1']) {
    t.equal((await app.inject({ url, headers: { accept: 'text/html' } })).statusCode, 200)
  }
  const stated = rows(section('Lifetimes'))
  t.ok(stated.length >= 9)
  for (const [code = '', fresh = '', stale = '', error = '', tags = ''] of stated) {
    const key = plain(code)
    const cache: Cache<unknown> = key.startsWith('fragment:')
      ? app.fragments.cache
      : app.caches.catalog
    const entry = (await cache.find(key))?.entry
    if (entry === undefined) throw new Error(`there is no entry ${key}`)
    const { storedAt, freshUntil, staleUntil, errorUntil } = entry
    const lifetime = [freshUntil - storedAt, staleUntil - freshUntil, errorUntil - freshUntil]
    t.strictSame(lifetime.map(inSeconds), [fresh, stale, error].map(seconds), key)
    // Each also has a tag of its own key.
    t.strictSame(
      entry.tags.filter((tag) => !tag.startsWith('\u0001')),
      tags.split(', ').map(plain),
      key
    )
  }
})

const plain = (code: string): string => code.replaceAll('`', '').replace('<id>', '1')
const inSeconds = (ms: number): number => Math.round(ms / 1000)
const UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 }
function seconds (text: string): number {
  const [count, unit = ''] = text.split(' ')
  return Number(count) * (UNITS[unit] ?? NaN)
}

t.test('metrics, alerts and limits of the document equal those of the code', async (t) => {
  const [catalog, weather] = await Promise.all([
    startFake(t, fakeCatalog([article(1)])),
    startFake(t, sunny)
  ])
  const app = await build(t, {
    DATA_DIR: await tempDir(t),
    CATALOG_ORIGIN: catalog.origin,
    WEATHER_ORIGIN: weather.origin
  })
  await app.inject('/shop')
  const told = `${(await app.inject('/metrics')).body} ${await read('plugins/observability/exposition.ts')}`
  const watched = section('Watch')
  const names = new Set(watched.match(/(?<=`)(?:weir|process|nodejs)_\w+/g))
  t.ok(names.size >= 10)
  t.strictSame([...names].filter((name) => !told.includes(name)), [])
  t.match(
    told,
    /weir_cache_reads_total\{service="storefront",cache="fragments",outcome="miss"\} \d/
  )
  const alerts = await read('infra/monitoring/alerts.yml')
  t.strictSame(
    [...new Set(watched.match(/(?<=`)Weir\w+/g))].filter(
      (name) => !alerts.includes(`alert: ${name}\n`)
    ),
    []
  )

  const routes =
    (await read('services/catalog/src/products/read-routes.ts')) +
    (await read('services/catalog/src/categories/routes.ts'))
  const lifetimes = new Set(
    routes
      .match(/ttl: '[^']+',\s+staleWhileRevalidate: '[^']+',\s+staleIfError: '[^']+'/g)
      ?.map((text) => text.replace(/\s+/g, ' '))
  )
  t.strictSame(
    [...lifetimes],
    ["ttl: '60s', staleWhileRevalidate: '30s', staleIfError: '10m'"],
    'as stated in the document'
  )

  const limits = [
    ...(await read('services/storefront/src/caches.ts')).matchAll(
      /maxBytes: (?:(\d+) \* )?MEBIBYTE/g
    )
  ].map(([, count = '1']) => Number(count))
  const sum = limits.reduce((total, limit) => total + limit, 0)
  t.match(page, new RegExp(`at most ${sum} MiB in each storefront`))
  for (const limit of limits) t.match(section('Layers'), new RegExp(`memory ${limit} MiB, Redis`))
})
