import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { freePort } from './free-ports.js'
import type { Teardown } from './redis.js'

/** A real memcached that lives as long as the test. Empty whenever it starts. */
export interface TestMemcached {
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** Kills it without notifying its clients. */
  kill (): Promise<void>
  /** `kill`, then starts it again at the same address. */
  restart (): Promise<void>
  /** SIGSTOP and SIGCONT: connections stay open, nothing answers. */
  freeze (): void
  thaw (): void
}

const ATTEMPTS = 5

/**
 * Starts a memcached on a free port, for items of up to 8 MiB.
 * @param args appended to its arguments
 * @example const { address } = await startMemcached(t)
 */
export async function startMemcached (
  t: Teardown,
  args: readonly string[] = []
): Promise<TestMemcached> {
  let port = await freePort()
  let child: ChildProcess | undefined
  const kill = async () => {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const ended = once(ending, 'close')
    ending.kill('SIGKILL')
    await ended
  }
  const start = async () => {
    const starting = spawn(
      'memcached',
      ['-l', '127.0.0.1', '-p', `${port}`, '-U', '0', '-t', '2', '-I', '8m', ...asRoot, ...args],
      { stdio: ['ignore', 'ignore', 'inherit'] }
    )
    child = starting
    // An aborted test runs no teardown.
    const abandon = () => {
      starting.kill('SIGKILL')
    }
    process.once('exit', abandon)
    starting.once('close', () => {
      process.off('exit', abandon)
    })
    await accepting(starting, port)
  }
  t.teardown(kill)
  for (let attempt = 1; ; attempt++) {
    try {
      await start()
      break
    } catch (error) {
      // Another process may have taken the free port.
      if (attempt === ATTEMPTS) throw error
      port = await freePort()
    }
  }
  return {
    address: `127.0.0.1:${port}`,
    kill,
    async restart () {
      await kill()
      await start()
    },
    freeze: () => {
      child?.kill('SIGSTOP')
    },
    thaw: () => {
      child?.kill('SIGCONT')
    }
  }
}

const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : []

/** Resolves once it accepts connections. Memcached itself does not report that. */
async function accepting (child: ChildProcess, port: number): Promise<void> {
  const failed = once(child, 'close').then(([code]) => {
    throw new Error(`memcached ended with ${code}`)
  })
  const connected = (async () => {
    while (child.exitCode === null && !await accepts(port)) await setTimeout(5)
  })()
  await Promise.race([connected, failed])
  failed.catch(() => {})
}

async function accepts (port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
