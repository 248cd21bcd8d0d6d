import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The strictest options of the compiler; libraries are not checked. */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  noEmit: true
}

/** Compiles a module as if it were a file in the repository's root, where the packages are found. */
function problemsOf (source: string): string[] {
  const file = `${ROOT}readme-example.ts`
  const host = ts.createCompilerHost(OPTIONS)
  host.fileExists = (name) => name === file || ts.sys.fileExists(name)
  host.readFile = (name) => name === file ? source : ts.sys.readFile(name)
  host.getSourceFile = (name, options) => {
    const text = host.readFile(name)
    return text === undefined ? undefined : ts.createSourceFile(name, text, options)
  }
  return ts.getPreEmitDiagnostics(ts.createProgram([file], OPTIONS, host)).map(({ messageText, start = 0 }) =>
    `line ${source.slice(0, start).split('\n').length}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}

t.test('the first example of the README compiles as it stands', async (t) => {
  const readme = await readFile(`${ROOT}README.md`, 'utf8')
  const [, example] = /^```ts\n(.*?)^```$/ms.exec(readme) ?? []
  if (example === undefined) throw new Error('the README has no example in TypeScript')
  t.strictSame(problemsOf(example), [])

  const mistaken = example.replace('staleIfError', 'staleOnError').replace('invalidates: [\'product:{id}\']', 'invalidates: \'product:{id}\'')
  t.match(problemsOf(mistaken).join('\n'), /'staleOnError' does not exist[^]*Type 'string' is not assignable/, 'a mistake in it would be found')
})

t.test('the recipes for If-Match compile as they stand', async (t) => {
  const readme = await readFile(`${ROOT}plugins/README.md`, 'utf8')
  const section = readme.slice(readme.indexOf('### If-Match'), readme.indexOf('## @weir/fastify/response-cache'))
  const recipes = [...section.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, recipe = '']) => recipe)
  t.equal(recipes.length, 2)
  for (const recipe of recipes) t.strictSame(problemsOf(recipe), [])
})
