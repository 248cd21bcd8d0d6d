import { findPostgres, startPostgres } from '@weir/internal/testing'
import { sql } from 'kysely'
import t from 'tap'
import { check, KINDS, migrate } from './crash-runs.js'
import { openPlace } from './crash-place.js'

const programs = findPostgres()
t.test('Postgres: killed at any step, nothing acknowledged is lost, nothing is written twice', {
  skip: programs === undefined && 'no Postgres'
}, async (t) => {
  const folder = t.testdir()
  const server = await startPostgres(t, programs ?? '')
  for (const kind of KINDS) {
    await check(t, async (run) => {
      const database = `run_${kind === 'external' ? 'e' : 't'}_${run}`
      const admin = openPlace({ postgres: server, begun: '', acknowledged: '' })
      await sql`create database ${sql.ref(database)}`.execute(admin)
      await admin.destroy()
      return migrate({
        postgres: { ...server, database },
        begun: `${folder}/${database}.begun`,
        acknowledged: `${folder}/${database}.acknowledged`,
        ...kind === 'external' && { destination: `${folder}/${database}.destination` }
      })
    }, { runs: 3, seed: 19 })
  }
})
