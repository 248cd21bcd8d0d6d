// node keeper.js
//
// Holds the resources that must not outlive the benchmark, even if it is killed: a folder for
// files, and a Redis in it.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../free-port.js'
import { serveBenchmark } from './child.js'

const dir = await mkdtemp(join(tmpdir(), 'weir-bench-'))
const port = await freePort()
const redis = spawn(
  'redis-server',
  ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group of its own: Ctrl-C reaches the benchmark, which ends Redis once nothing needs
    // it.
    detached: true
  }
)
const ended = new Promise((resolve, reject) => {
  redis.once('error', reject)
  redis.once('exit', resolve)
})
const said: string[] = []
const lines = createInterface({ input: redis.stdout })
lines.on('line', (line) => {
  if (said.length < 100) said.push(line)
  if (line.includes('Ready to accept connections')) {
    serveBenchmark({ dir, redis: `redis://127.0.0.1:${port}` }, () => ({}), end)
  }
})

try {
  await ended
} catch (error) {
  console.error('redis-server cannot be started: is it installed?', error)
  await rm(dir, { recursive: true, force: true })
  process.exit(1)
}
if (process.connected) {
  console.error(`redis-server ended:\n${said.join('\n')}`)
  await rm(dir, { recursive: true, force: true })
  process.exit(1)
}

async function end (): Promise<void> {
  redis.kill('SIGKILL')
  await ended
  // Servers that are ending may still be closing their files in it.
  await rm(dir, { recursive: true, force: true, maxRetries: 10 })
}
