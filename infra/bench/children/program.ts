// node program.js [--env NAME=VALUE ...] -- PROGRAM [ARGUMENT ...]
//
// Runs a program that ends with the benchmark, and reports its CPU time, including the processes
// that it has started.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { serveBenchmark } from './child.js'
import { cpuMicrosOf } from './cpu-of.js'

const { values, positionals } = parseArgs({
  options: { env: { type: 'string', multiple: true, default: [] } },
  allowPositionals: true
})
const [program = '', ...args] = positionals
const env = { ...process.env }
for (const pair of values.env) {
  env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1)
}
const child = spawn(program, args, {
  env,
  stdio: ['ignore', 'ignore', 'pipe'],
  // A separate process group: Ctrl-C reaches the benchmark, which ends the program once nothing
  // needs it.
  detached: true
})
const ended = new Promise<void>((resolve) => { child.once('close', () => { resolve() }) })
await once(child, 'spawn')
let isEnding = false
let said = ''
child.stderr.on('data', (part: Buffer) => { said = (said + part.toString()).slice(-4000) })
child.once('close', () => {
  if (isEnding) return
  console.error(`${program} ended:\n${said}`)
  process.exit(1)
})
serveBenchmark(
  { pid: String(child.pid) },
  () => ({ cpuMicros: cpuMicrosOf(child.pid ?? 0) }),
  async () => {
    isEnding = true
    child.kill('SIGTERM')
    const late = setTimeout(() => {
      child.kill('SIGKILL')
    }, 3000)
    await ended
    clearTimeout(late)
  }
)
