// node infra/local/compile.mjs
//
// Compiles with `tsc -b` and shows which project of how many is being built. Not TypeScript: it
// runs before anything is compiled.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
const child = spawn(process.execPath, [tsc, '-b', '--verbose', ...process.argv.slice(2)], {
  stdio: ['inherit', 'pipe', 'inherit']
})
const { isTTY } = process.stdout
let projects = 0
let at = 0
let shown = false

/** Shows a step; on a terminal it replaces the previous one. */
const show = (step) => {
  process.stdout.write(isTTY ? `\r\u{1b}[2K${step}` : `${step}\n`)
  shown = true
}

for await (const line of createInterface({ input: child.stdout })) {
  const message = line.replace(/^\d{1,2}:\d{2}:\d{2}\s?[AP]?M? - /u, '')
  if (/^ {4}\* .*tsconfig\.json$/.test(line)) projects++
  else if (/^Project '[^/].*' is /.test(message)) at++
  const [, path] = /^Building project '(.*)'/.exec(message) ?? []
  if (path !== undefined) {
    show(
      `Compiling ${at} of ${projects}: ${path.replace(`${process.cwd()}/`, '').replace('/tsconfig.json', '')}`
    )
  } else if (message === line && line !== '' && !/^ {4}\*/.test(line)) {
    // Compiler errors have no time of day.
    process.stdout.write(`${isTTY && shown ? '\n' : ''}${line}\n`)
  }
}
const status = child.exitCode ?? await new Promise((resolve) => { child.once('close', resolve) })
if (isTTY && shown) process.stdout.write('\r\u{1b}[2K')
process.exitCode = status
