// npm run example NAME compiles the examples and runs one. Plain JavaScript, because it runs before
// anything is compiled.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = new URL('./', import.meta.url)
const names = readdirSync(here).filter((name) => existsSync(new URL(`${name}/server.ts`, here)))
const [name] = process.argv.slice(2)

if (!names.includes(name)) {
  console.error(
    `${name === undefined ? 'Name an example:' : `There is no example "${name}".`} npm run example NAME, with one of: ${names.join(', ')}`
  )
  process.exit(1)
}

const server = new URL(`dist/${name}/server.js`, here)
if (!existsSync(server)) console.log('Compiling; this takes a minute the first time.')
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
const { status } = spawnSync(process.execPath, [tsc, '-b', fileURLToPath(here)], {
  stdio: 'inherit'
})
if (status !== 0) process.exit(status ?? 1)

// Views and other files are found relative to the example's own folder.
process.chdir(fileURLToPath(new URL(`${name}/`, here)))
await import(server)
