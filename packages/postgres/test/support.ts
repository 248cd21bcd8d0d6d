import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findPostgres, startPostgres, type TestPostgres } from '@weir/internal/testing'
import pg from 'pg'
import type { Test } from 'tap'

/** The folder with the programs of Postgres. */
export function programs (): string {
  const found = findPostgres()
  if (found === undefined) throw new Error('Postgres is not installed')
  return found
}

/** The URL of a server's Unix socket. */
export const urlOf = ({ host, user, database }: TestPostgres): string =>
  `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`

/** Opens a plain connection, closed with the test. */
export async function connect (t: Test, server: TestPostgres): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOf(server) })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.end())
  return client
}

/** Starts a primary and a standby of it. */
export async function startPair (t: Test) {
  const primary = await startPostgres(t, programs())
  const standby = await startPostgres(t, programs(), { primary })
  return { primary, standby }
}

/** Starts PgBouncer before a server, and returns its URL. As root, runs it as the user `nobody`. */
export async function startPooler (
  t: Test, { host, user, database }: TestPostgres, mode: 'transaction' | 'session'
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-pooler-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'users'), `"${user}" ""\n`)
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(file, `[databases]
${database} = host=${host}
[pgbouncer]
pool_mode = ${mode}
unix_socket_dir = ${folder}
listen_port = 5432
auth_type = trust
auth_file = ${join(folder, 'users')}
`)
  const owner: { uid?: number, gid?: number } = {}
  if (process.getuid?.() === 0) {
    const idOf = async (what: string) =>
      Number((await promisify(execFile)('id', [what, 'nobody'])).stdout)
    Object.assign(owner, { uid: await idOf('-u'), gid: await idOf('-g') })
    await chown(folder, await idOf('-u'), await idOf('-g'))
  }
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` }
  const pooler =
    spawn('pgbouncer', [file], { ...owner, env, stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(async () => {
    pooler.kill('SIGKILL')
    if (pooler.exitCode === null && pooler.signalCode === null) await once(pooler, 'exit')
  })
  let said = ''
  for await (const chunk of pooler.stderr.iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    if (said.includes('process up')) break
  }
  pooler.stderr.resume()
  if (!said.includes('process up')) throw new Error(`pgbouncer has not started: ${said}`)
  return `postgres://${user}@/${database}?host=${encodeURIComponent(folder)}`
}
