// node suite.js --dir DIR
//
// Runs `npm start` on a free port, with its files in DIR. Reports the time until the banner, and
// the CPU time of all processes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { serveBenchmark } from './child.js'
import { cpuMicrosOf } from './cpu-of.js'

const { values } = parseArgs({ options: { dir: { type: 'string', default: '' } } })
const { REDIS_URL: _, ...env } = process.env
const began = performance.now()
const suite = spawn('npm', ['start'], {
  cwd: fileURLToPath(new URL('../../../..', import.meta.url)),
  env: { ...env, PORT: '0', DATA_DIR: values.dir },
  stdio: ['ignore', 'pipe', 'inherit'],
  // A separate process group: npm does not pass every signal on, and Ctrl-C reaches the benchmark.
  detached: true
})
const ended = once(suite, 'exit')
const { pid = 0 } = suite
let isUp = false
createInterface({ input: suite.stdout }).on('line', (line) => {
  if (isUp || !line.startsWith('Ctrl-C ends it')) return
  isUp = true
  const counted = {
    seconds: (performance.now() - began) / 1000,
    cpuSeconds: cpuMicrosOf(pid) / 1e6
  }
  serveBenchmark({}, () => counted, end)
})
await ended
if (!isUp) process.exit(1)

async function end (): Promise<void> {
  process.kill(-pid, 'SIGTERM')
  await ended
}
