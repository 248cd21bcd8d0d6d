import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'

export interface RedisServer {
  readonly url: string
  /** Starts it, at first or again, on the same port; resolves once it accepts connections. */
  start (): Promise<void>
  /** Ends it as a power cut would. */
  kill (): Promise<void>
  /** Stops it from answering, connections intact. */
  freeze (): void
  thaw (): void
}

/** A real redis-server on a free port of its own, with more options if there are, not started yet; it ends with the test. */
export async function redisServer (t: Test, ...options: string[]): Promise<RedisServer> {
  const port = await freePort()
  const dir = await mkdtemp(join(tmpdir(), 'weir-redis-'))
  let child: ChildProcess | undefined

  const kill = async () => {
    if (child === undefined) return
    const ended = child
    child = undefined
    const exit = once(ended, 'exit')
    ended.kill('SIGKILL')
    await exit
  }
  t.teardown(async () => {
    await kill()
    await rm(dir, { recursive: true, force: true })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    async start () {
      const started = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no', ...options],
        { stdio: ['ignore', 'pipe', 'inherit'] })
      child = started
      await new Promise<void>((resolve, reject) => {
        started.once('error', reject)
        started.once('exit', (code) => { reject(new Error(`redis-server ended with ${code}`)) })
        createInterface(started.stdout).on('line', (line) => {
          if (line.includes('Ready to accept connections')) resolve()
        })
      })
    },
    kill,
    freeze () { child?.kill('SIGSTOP') },
    thaw () { child?.kill('SIGCONT') }
  }
}

export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  server.close()
  await once(server, 'close')
  return address.port
}
