import { access, readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { citations, hasText } from './support/citations.js'
import { ROOT } from './support/compiled-example.js'

const read = (path: string) => readFile(ROOT + path, 'utf8')

const pages = (await readdir(`${ROOT}docs`))
  .filter((name) => /^(?:rfc\d+|no-vary-search)\.md$/.test(name))

/** Tests that a page cites and that do not exist. */
async function missing (page: string): Promise<string[]> {
  const problems: string[] = []
  for (const { file, name } of citations(page)) {
    const source = await access(ROOT + file).then(() => read(file), () => undefined)
    if (source === undefined) problems.push(file)
    else if (name !== undefined && !hasText(source, name)) problems.push(`${file}: ${name}`)
  }
  return problems
}

for (const page of pages) {
  t.test(`each test that docs/${page} names is there`, async (t) => {
    const text = await read(`docs/${page}`)
    t.ok(citations(text).filter(({ name }) => name !== undefined).length >= 10, 'it names tests')
    t.strictSame(await missing(text), [])
  })
}

t.test('a citation of a missing test is found, in any form', async (t) => {
  const page = [
    '- **head** is `test/http/head.test.ts`',
    '',
    '| § | "requirement" | held by |',
    '|---|---|---|',
    '| 1 | a | `etag.test.ts` "the comparison table of RFC 9110 8.8.3.2", "no such row" |',
    '| 2 | b | the same, "nor this one" |',
    '| 3 | c | **head** "RFC 9110 9.3.2: HEAD is answered from the response stored for GET"; ' +
      '"nor *that*" |',
    '| 4 | d | `test/no-such.test.ts` "x" |',
    '',
    'A paragraph, `test/http/interim.test.ts` "RFC 9110 15.2: interim responses of the origin',
    '  reach clients of HTTP/2", "and',
    '  this".'
  ].join('\n')
  t.strictSame(await missing(page), [
    'packages/http/test/etag.test.ts: no such row', 'packages/http/test/etag.test.ts: nor this one',
    'test/http/head.test.ts: nor *that*', 'test/no-such.test.ts', 'test/no-such.test.ts',
    'test/http/interim.test.ts: and this'
  ])
})

// Words in capitals that are no `detail`.
const OTHERS = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'INVALID_REFRESH'
])

t.test('each detail of Cache-Status in the code is documented', async (t) => {
  const folder = 'plugins/response-cache'
  const names = (await readdir(ROOT + folder)).filter((name) => name.endsWith('.ts'))
  const files = names.map((name) => `${folder}/${name}`)
  const sources = await Promise.all([...files, 'packages/http/src/storing.ts'].map(read))
  const texts = sources.flatMap((source) => [...source.matchAll(/'([A-Z]{3,}(?:_[A-Z]+)*)'/g)])
  const codes = [...new Set(['memory', 'store', ...texts.map(([, code = '']) => code)])]
    .filter((code) => !OTHERS.has(code) && !/^(?:WEIR|ERR)_/.test(code))
  t.ok(codes.length > 30, String(codes.length))
  for (const file of ['docs/rfc9211.md', 'plugins/README.md', 'docs/guides/troubleshooting.md']) {
    const text = await read(file)
    t.strictSame(codes.filter((code) => !text.includes(`\`${code}\``)), [], file)
  }
})
