import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import ts from 'typescript'
import { problemsOfAll, ROOT } from './support/compiled-example.js'
import { withGivens } from './support/givens.js'

const FOLDERS = ['docs/guides', 'docs/concepts', 'docs/operations', 'docs/reference']
const TOP = [
  'docs/index.md',
  'docs/why.md',
  'docs/quick-start.md',
  'docs/suite.md',
  'docs/comparison.md'
]

/** Languages of blocks that no test compiles: commands, data and program output. */
const OTHERS = new Set([
  'sh',
  'json',
  'http',
  'nginx',
  'yaml',
  'sql',
  'html',
  'text',
  'dockerfile',
  'promql'
])

async function pagesIn (folder: string): Promise<string[]> {
  const names = await readdir(ROOT + folder).catch(() => [])
  return names.filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`)
}

const pages = [...TOP, ...(await Promise.all(FOLDERS.map(pagesIn))).flat()]
const blocks = (await Promise.all(pages.map(async (page) => {
  const text = await readFile(ROOT + page, 'utf8')
  return [...text.matchAll(/^ *```(\w*)[^\n]*\n(.*?)^ *```$/gms)].map(
    ({ 1: language = '', 2: code = '', index }) => ({
      at: `${page}:${text.slice(0, index).split('\n').length}`,
      language,
      code
    })
  )
}))).flat()

/** The new side of a diff: the old one may be code of another library. */
const newSideOf = (diff: string) =>
  diff.split('\n').filter((line) => !line.startsWith('-')).map((line) => line.slice(1)).join('\n')

const compiled = blocks.filter(({ language }) => language === 'ts' || language === 'diff')
  .map(({ at, language, code }) => ({ at, code: language === 'diff' ? newSideOf(code) : code }))

t.test('each block of code in the guides has a language', async (t) => {
  t.strictSame(
    blocks
      .filter(({ language }) => !['ts', 'diff'].includes(language) && !OTHERS.has(language))
      .map(({ at }) => at),
    []
  )
})

t.test(
  'each block of TypeScript in the guides compiles, and the new side of each diff',
  async (t) => {
    const problems = problemsOfAll(compiled.map(({ code }) => withGivens(code)))
    for (const [i, { at }] of compiled.entries()) t.strictSame(problems[i], [], at)
  }
)

t.test('the old side of each diff in the guides parses', async (t) => {
  for (const { at, code } of blocks.filter(({ language }) => language === 'diff')) {
    const old = code.split('\n').filter((line) => !line.startsWith('+'))
    const { diagnostics } = ts.transpileModule(old.map((line) => line.slice(1)).join('\n'), {
      reportDiagnostics: true,
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
    })
    t.strictSame(diagnostics?.map(({ messageText }) => messageText), [], at)
  }
})

t.test('each block of JSON in the guides parses', async (t) => {
  for (const { at, code } of blocks.filter(({ language }) => language === 'json')) {
    t.doesNotThrow(() => { JSON.parse(code) }, at)
  }
})

t.test('a mistake in a block would be found', async (t) => {
  const [problems = []] = problemsOfAll([
    withGivens("app.get<object>('/', { config: { cache: { tll: '1m' } } }, async () => 'x')\n")
  ])
  t.match(problems.join('\n'), /'tll' does not exist/)
})
