import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findPostgres, startPostgres } from '@weir/internal/testing'
import pg from 'pg'
import t from 'tap'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

t.test('the replica of the compose profile copies its primary once, and follows it', async (t) => {
  const programs = findPostgres()
  if (programs === undefined) throw new Error('Postgres is not installed')
  const { host, user } = await startPostgres(t, programs)
  const folder = await mkdtemp(join(tmpdir(), 'weir-replica-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const data = join(folder, 'data')
  await mkdir(data)
  // A copy that was interrupted.
  await writeFile(join(data, 'PG_VERSION'), '15\n')
  const owner: { uid?: number, gid?: number } = {}
  if (process.getuid?.() === 0) {
    for (const [name, option] of [['uid', '-u'], ['gid', '-g']] as const) {
      owner[name] = Number((await promisify(execFile)('id', [option, 'nobody'])).stdout)
    }
    for (const path of [folder, data, join(data, 'PG_VERSION')]) {
      await chown(path, owner.uid ?? 0, owner.gid ?? 0)
    }
  }
  const script = join(folder, 'replica.sh')
  await writeFile(script, await readFile(join(ROOT, 'infra/docker/postgres/replica.sh')))
  const start = () => spawn('sh', [script, '-k', folder, '-c', 'listen_addresses='], {
    ...owner,
    cwd: folder,
    stdio: 'ignore',
    env: {
      ...process.env,
      PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`,
      PGDATA: data,
      PRIMARY: `host=${host} user=${user} application_name=replica`
    }
  })
  const primary = new pg.Client({ host, user, database: 'postgres' })
  await primary.connect()
  t.teardown(() => primary.end())
  await primary.query('create table prices (cents integer)')

  for (const cents of [1, 2]) {
    const replica = start()
    t.teardown(() => { replica.kill('SIGQUIT') })
    await primary.query('insert into prices values ($1)', [cents])
    const read = async (): Promise<unknown> => {
      const client = new pg.Client({ host: folder, user, database: 'postgres' })
      try {
        await client.connect()
        return (await client.query('select max(cents), pg_is_in_recovery() as is from prices')).rows
      } catch {
        return []
      } finally {
        await client.end().catch(() => {})
      }
    }
    const expected = JSON.stringify([{ max: cents, is: true }])
    while (JSON.stringify(await read()) !== expected) await delay(20)
    t.pass(`replicated ${cents}`)
    replica.kill('SIGQUIT')
    await once(replica, 'exit')
  }
  t.match(await readFile(join(ROOT, 'docker-compose.yml'), 'utf8'), /postgres\/replica\.sh:\/replica\.sh/)
})
