import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import ts from 'typescript'

const run = promisify(execFile)
const README = await readFile(new URL('../../README.md', import.meta.url), 'utf8')

t.test('MessagePack, as in the README, runs', async (t) => {
  const [, program = ''] =
    /^```ts\n(.*?)^```$/gms.exec(README.slice(README.indexOf('This is MessagePack:'))) ?? []
  t.match(program, /name: 'msgpack'/)
  const { outputText } = ts.transpileModule(
    `import { memoryStore } from '@weir/cache/memory'
const store = memoryStore()
${program}
const value = { id: 42, list: [1.5, 'text', null] }
await cache.set('key', value, { ttl: '1m' })
const back = await createCache({ store, namespace: 'products', serializer: msgpack, l1: false }).get('key')
console.log(JSON.stringify(back) === JSON.stringify(value))`,
    { compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext } }
  )
  // Next to the compiled tests, from where packages are found.
  const folder = new URL(`serializers-${process.pid}/`, import.meta.url)
  await mkdir(folder)
  t.teardown(() => rm(folder, { recursive: true }))
  const file = new URL('msgpack.mjs', folder)
  await writeFile(file, outputText)
  t.equal((await run(process.execPath, [file.pathname], { timeout: 60_000 })).stdout, 'true\n')
})
