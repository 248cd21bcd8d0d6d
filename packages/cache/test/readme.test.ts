import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const README = await readFile(new URL('../../README.md', import.meta.url), 'utf8')

/** Next to the compiled tests, from where packages are found. */
const folder = new URL(`readme-programs-${process.pid}/`, import.meta.url)
await mkdir(folder)
t.teardown(() => rm(folder, { recursive: true }))

for (const [name, output] of [
  ['OpenTelemetry', /name: 'fill products'/],
  ['Testing', /# pass 1\b|ℹ pass 1\b/]
] as const) {
  t.test(`the program in the section ${name} runs as it is`, async (t) => {
    const from = README.indexOf(`\n## ${name}\n`)
    const [, program = ''] =
      /```js\n(.*?)```/s.exec(README.slice(from, README.indexOf('\n## ', from + 4))) ?? []
    const file = new URL(`${name}.mjs`, folder)
    await writeFile(file, program)
    const { stdout } = await run(process.execPath, [file.pathname], {
      timeout: 60_000,
      env: { PATH: process.env['PATH'] }
    })
    t.match(stdout, output)
  })
}

t.test('the main entry point does not need an OpenTelemetry library', async (t) => {
  const program = `
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(\`
      export async function resolve (name, context, next) {
        if (name.startsWith('@opentelemetry/')) throw new Error(name)
        return next(name, context)
      }\`))
    await import('@weir/cache')
    await import('@weir/cache/testing')
    await import('@weir/cache/redis')
    await import('@weir/cache/opentelemetry').then(() => console.log('loaded'), ({ message }) => console.log(message))`
  const file = new URL('entry.mjs', folder)
  await writeFile(file, program)
  const { stdout } = await run(process.execPath, [file.pathname], { timeout: 60_000 })
  t.equal(stdout.trim(), '@opentelemetry/api')
})
