import { spawn } from 'node:child_process'
import { type Test } from 'tap'
import { onFreePort } from './free-port.js'
import { type Program, program } from './program.js'
import { tempDir } from './temp-dir.js'

/** A real redis-server, with nothing in it and nothing kept. */
export interface TestRedis extends Program {
  readonly url: string
  readonly port: number
  /** Another one in its place, on the same port; the first has to have ended. */
  again (): Promise<TestRedis>
}

/** Starts a redis-server on a free port; it ends with the test. */
export async function startRedis (t: Test): Promise<TestRedis> {
  const folder = await tempDir(t)
  const start = async (port: number): Promise<TestRedis | undefined> => {
    const redis = program(t, spawn('redis-server', [
      '--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', '--logfile', ''
    ], { stdio: ['ignore', 'pipe', 'pipe'] }))
    const line = await redis.line(/Ready to accept connections|Address already in use/)
    if (!line.includes('Ready')) return undefined
    return {
      ...redis,
      port,
      url: `redis://127.0.0.1:${port}`,
      async again () {
        const next = await start(port)
        if (next === undefined) throw new Error(`somebody else has taken port ${port}`)
        return next
      }
    }
  }
  return onFreePort(start)
}
