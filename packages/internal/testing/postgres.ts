import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Teardown } from './redis.js'

const run = promisify(execFile)

const READY = /ready to accept (?:read-only )?connections/

/** Debian's folder with one folder per version, outside PATH. */
const DEBIAN = '/usr/lib/postgresql'

/** Finds the folder with Postgres' programs; undefined if it is not installed. */
export function findPostgres (): string | undefined {
  const versions = existsSync(DEBIAN)
    ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin'))
    : []
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...versions]
  const postgres = folders
    .map((folder) => join(folder, 'postgres'))
    .find((file) => existsSync(file))
  if (postgres === undefined) return undefined
  const folder = dirname(realpathSync(postgres))
  return existsSync(join(folder, 'initdb')) ? folder : undefined
}

/** A real Postgres that lives as long as the test, reached through a Unix socket in `host`. */
export interface TestPostgres {
  readonly host: string
  readonly user: string
  readonly database: string
  /** Stops all its processes with SIGSTOP. */
  freeze (): void
  thaw (): void
  /**
   * Kills one of its processes, after which it recovers from its log; resolves when it accepts
   * connections again.
   */
  crash (): Promise<void>
  /** Kills all its processes with SIGKILL, like a power cut; it does not start again. */
  kill (): Promise<void>
  /** Makes a standby the primary; resolves when it accepts writes. */
  promote (): Promise<void>
}

/** Options of `startPostgres`. */
export interface TestPostgresOptions {
  /** A port on 127.0.0.1, in addition to the socket. */
  readonly port?: number
  /** The server whose streaming standby it is. */
  readonly primary?: TestPostgres
  /** Settings of the server by name, besides those of every test. */
  readonly settings?: Readonly<Record<string, string>>
}

/**
 * Starts a Postgres with its own cluster in a temporary folder. As root, runs it as the user
 * `nobody`.
 * @param programs the folder that `findPostgres` found
 */
export async function startPostgres (
  t: Teardown, programs: string, { port, primary, settings = {} }: TestPostgresOptions = {}
): Promise<TestPostgres> {
  const isRoot = process.getuid?.() === 0
  const owner = isRoot ? { uid: await idOf('-u'), gid: await idOf('-g') } : {}
  const host = await mkdtemp(join(tmpdir(), 'weir-postgres-'))
  t.teardown(() => rm(host, { recursive: true, force: true }))
  if (owner.uid !== undefined) await chown(host, owner.uid, owner.gid)
  const data = join(host, 'data')
  const [user, database] = ['weir', 'postgres']
  const [program, ...args] = primary === undefined
    ? ['initdb', '-D', data, '-U', user, '-A', 'trust', '-E', 'UTF8', '--no-sync']
    : ['pg_basebackup', '-D', data, '-h', primary.host, '-U', user, '-R', '-c', 'fast', '--no-sync']
  await run(join(programs, program), args, { ...owner, cwd: host })
  const server = spawn(
    join(programs, 'postgres'),
    [
      '-D',
      data,
      '-k',
      host,
      '-c',
      `listen_addresses=${port === undefined ? '' : '127.0.0.1'}`,
      '-c',
      'fsync=off',
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ...(port === undefined ? [] : ['-p', String(port)])
    ],
    { ...owner, cwd: host, stdio: ['ignore', 'ignore', 'pipe'] }
  )
  // Handles a process that ends before the test does.
  const abandon = () => { server.kill('SIGQUIT') }
  process.once('exit', abandon)
  server.once('exit', () => { process.off('exit', abandon) })
  t.teardown(async () => {
    // An immediate shutdown in Postgres' terms: nothing is kept.
    server.kill('SIGQUIT')
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  })
  let said = ''
  server.stderr.on('data', (chunk: Buffer) => { said += chunk.toString() })
  let isReady = () => {}
  server.stderr.on('data', () => { if (READY.test(said)) isReady() })
  const ended = new Promise<never>((_resolve, reject) => {
    server.once('error', reject)
    server.once('exit', (code) => { reject(new Error(`postgres ended with ${code}: ${said}`)) })
  })
  ended.catch(() => {})
  const ready = () => {
    said = ''
    return Promise.race([ended, new Promise<void>((resolve) => { isReady = resolve })])
  }
  await ready()
  const { pid } = server
  if (pid === undefined) throw new Error('postgres has no process')
  // The server first: a stopped server starts no more processes.
  const signal = (name: NodeJS.Signals) => {
    server.kill(name)
    for (const child of childrenOf(pid)) tryToKill(child, name)
  }
  // A stopped process handles no other signal.
  t.teardown(() => { signal('SIGCONT') })
  return {
    host,
    user,
    database,
    freeze: () => { signal('SIGSTOP') },
    thaw: () => { signal('SIGCONT') },
    async crash () {
      const [child] = childrenOf(pid)
      if (child === undefined) throw new Error('postgres has no children')
      const again = ready()
      tryToKill(child, 'SIGKILL')
      await again
    },
    async kill () {
      const gone = once(server, 'exit')
      const children = childrenOf(pid)
      for (const one of [pid, ...children]) tryToKill(one, 'SIGKILL')
      await gone
    },
    async promote () {
      await run(join(programs, 'pg_ctl'), ['promote', '-w', '-D', data], { ...owner, cwd: host })
    }
  }
}

/** Lists the running child processes of a process. */
function childrenOf (pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`
  return existsSync(file)
    ? readFileSync(file, 'utf8')
      .split(' ')
      .filter((word) => word !== '')
      .map(Number)
    : []
}

/** The process may have ended in the meantime. */
function tryToKill (pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function idOf (which: '-u' | '-g'): Promise<number> {
  const { stdout } = await run('id', [which, 'nobody'])
  return Number(stdout)
}
