import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import ts from 'typescript'
import { blocksOf, problemsOf, ROOT } from './support/compiled-example.js'

const blocks = blocksOf(await readFile(`${ROOT}packages/query/README.md`, 'utf8'), 'ts')

t.test('the examples of @weir/query compile as written', async (t) => {
  t.equal(blocks.length, 2)
  for (const block of blocks) t.strictSame(problemsOf(block), [])
})

t.test('the first example of @weir/query works as described', async (t) => {
  const { outputText } = ts.transpileModule(blocks[0] ?? '', {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext }
  })
  const file = join(t.testdir(), 'example.mjs')
  await writeFile(file, outputText)
  const { stdout } = await promisify(execFile)(process.execPath, [file])
  t.equal(stdout, '45\n')
})
