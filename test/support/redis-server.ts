import { spawn } from 'node:child_process'
import { type Test } from 'tap'
import { onFreePort } from './free-port.js'
import { type Program, program } from './program.js'
import { tempDir } from './temp-dir.js'

/** A real redis-server, with nothing in it and nothing kept. */
export interface TestRedis extends Program {
  readonly url: string
  readonly port: number
}

/** Starts a redis-server on a free port; it ends with the test. */
export async function startRedis (t: Test): Promise<TestRedis> {
  const folder = await tempDir(t)
  return onFreePort(async (port) => {
    const redis = program(t, spawn('redis-server', [
      '--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', '--logfile', ''
    ], { stdio: ['ignore', 'pipe', 'pipe'] }))
    const line = await redis.line(/Ready to accept connections|Address already in use/)
    return line.includes('Ready') ? { ...redis, port, url: `redis://127.0.0.1:${port}` } : undefined
  })
}
