import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from './free-ports.js'
import type { Teardown } from './redis.js'

/** A real Varnish that lives as long as the test. */
export interface TestVarnish {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** Starts it again after `kill`, at the same address. */
  start (): Promise<void>
  /** Kills it like a crash. */
  kill (): Promise<void>
  /** SIGSTOP and SIGCONT: connections stay open, nothing answers. */
  freeze (): Promise<void>
  thaw (): Promise<void>
}

/** Options of {@link startVarnish}. */
export interface TestVarnishOptions {
  /** Directory of files that the VCL includes. */
  readonly vclDir: string
  readonly vcl: string
}

const PATIENCE = 200

/** Starts a Varnish on a free port, with a manager and one worker process. */
export async function startVarnish (
  t: Teardown, { vclDir, vcl }: TestVarnishOptions
): Promise<TestVarnish> {
  const dir = await mkdtemp(join(tmpdir(), 'weir-varnish-'))
  await writeFile(join(dir, 'test.vcl'), vcl)
  const port = await freePort()
  let manager: { pid: number, closed: Promise<unknown>, output: () => string } | undefined

  const start = async () => {
    const child = spawn('varnishd', [
      '-F', '-j', 'none', '-n', join(dir, 'work'), '-a', `127.0.0.1:${port}`,
      '-f', join(dir, 'test.vcl'), '-s', 'malloc,64m', '-p', `vcl_path=${vclDir}`,
      '-p', 'thread_pools=1', '-p', 'thread_pool_min=20', '-p', 'timeout_idle=60'
    ], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Debian puts servers into folders that only root's PATH contains.
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin` }
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => { said += chunk.toString() })
    }
    const closed = once(child, 'close').catch(() => {})
    const abandon = () => { child.kill('SIGKILL') }
    process.once('exit', abandon)
    closed.then(() => process.off('exit', abandon)).catch(() => {})
    await once(child, 'spawn')
    manager = { pid: child.pid ?? 0, closed, output: () => said }
    for (let attempt = 0; !await answers(port); attempt++) {
      if (attempt === PATIENCE || child.exitCode !== null) {
        throw new Error(`Varnish does not listen:\n${said}`)
      }
      await wait(50)
    }
  }
  const signal = async (name: NodeJS.Signals) => {
    if (manager === undefined) return
    for (const pid of [manager.pid, ...await childrenOf(manager.pid)]) {
      try {
        process.kill(pid, name)
      } catch {
        // The process has ended.
      }
    }
  }
  const kill = async () => {
    await signal('SIGKILL')
    await manager?.closed
    manager = undefined
  }
  t.teardown(async () => {
    await kill()
    await rm(dir, { recursive: true, force: true })
  })
  await start()
  return {
    url: `http://127.0.0.1:${port}`,
    start,
    kill,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT')
  }
}

async function childrenOf (pid: number): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid) {
      found.push(Number(name))
    }
  }
  return found
}

async function answers (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => { resolve(true) }).once('error', () => { resolve(false) })
  }).finally(() => { socket.destroy() })
}
