import { readFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { Random } from '@weir/internal/testing'
import { decode } from '@jridgewell/sourcemap-codec'
import { build } from 'esbuild'
import t from 'tap'
import { PROGRAMS } from '../local/programs.js'
import { slimMap, type SourceMap as Map } from '../local/slim-map.js'

/** The full map of a program of the suite with its packages, and the slim one. */
async function maps () {
  const { outputFiles } = await build({
    entryPoints: [PROGRAMS.suite.compiled],
    outfile: '/bundle.js',
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['pino', 'undici'],
    sourcemap: true,
    sourcesContent: false,
    write: false,
    logLevel: 'silent'
  })
  const text = outputFiles.find(({ path }) => path.endsWith('.map'))?.text ?? ''
  const whole = JSON.parse(text) as Map
  return { whole, slim: slimMap(whole) }
}

const parsed = (map: Map) =>
  new SourceMap({
    ...map,
    file: '',
    sources: [...map.sources],
    sourcesContent: [],
    names: [],
    sourceRoot: ''
  })

t.test('a slim map names the same lines of our own sources, and none of packages', async (t) => {
  const { whole, slim } = await maps()
  const [all, few] = [parsed(whole), parsed(slim)]
  const random = new Random(17)
  const segments = decode(whole.mappings).flatMap((line, i) =>
    line.map(([column]) => ({ line: i, column }))
  )
  const counts = { own: 0, packages: 0 }
  for (let i = 0; i < 5000; i++) {
    const { line, column } = segments[random.integer(0, segments.length - 1)] ?? {
      line: 0,
      column: 0
    }
    const expected = all.findEntry(line, column)
    const entry = few.findEntry(line, column)
    const isOwn = 'originalSource' in expected && !expected.originalSource.includes('node_modules/')
    counts[isOwn ? 'own' : 'packages']++
    const place = (found: typeof entry) =>
      'originalSource' in found && found.originalSource !== undefined
        ? `${found.originalSource}:${found.originalLine}`
        : undefined
    const [got, wanted] = [place(entry), isOwn ? place(expected) : undefined]
    if (got !== wanted) t.equal(got, wanted, `${line}:${column}`)
  }
  t.ok(counts.own > 50 && counts.packages > 1000, JSON.stringify(counts))
})

t.test('a slim map is a small part of the whole', async (t) => {
  const { whole, slim } = await maps()
  const places = (map: Map) => decode(map.mappings).flat().length
  t.ok(places(slim) < places(whole) / 10, `${places(slim)} of ${places(whole)} places`)
  t.notOk(slim.sources.some((source) => source.includes('node_modules/')))
})

t.test('the bundles of the suite have slim maps', async (t) => {
  for (const { bundle } of Object.values(PROGRAMS)) {
    const { sources } = JSON.parse(await readFile(`${bundle}.map`, 'utf8')) as Map
    t.ok(sources.length > 0, bundle)
    t.notOk(sources.some((source) => source.includes('node_modules/')), bundle)
  }
})
