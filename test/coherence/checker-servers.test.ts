import t from 'tap'
import { passes } from './check-command.js'

t.setTimeout(400_000)

const PURGES = 'edge-frozen,edge-killed,purges-dropped,purges-late'

t.test('a short run behind a Varnish that fails, too', async (t) => {
  await passes(t, [
    '--edge', 'varnish',
    '--seconds', '12',
    '--processes', '2',
    '--workloads', 'versions,variants,errors',
    '--faults', `${PURGES},fetches-late,instance-frozen,instance-killed`
  ], /^[1-9]\d* of the reads answered by varnish alone$/m)
})

for (const [edge, faults] of [
  ['nginx', 'fetches-late'],
  ['region', 'region-redis-emptied,redis-frozen']
] as const) {
  t.test(`a short run with ${edge} as the destination of purges`, async (t) => {
    await passes(t, [
      '--edge', edge,
      '--seconds', '10',
      '--processes', '2',
      '--workloads', 'versions,errors',
      '--faults', `${PURGES},${faults}`
    ], /^ {2}stale after the (confirmation|acknowledgement): \d+ of [1-9]\d* writes/m)
  })
}

t.test('a short run over Postgres, with all faults', async (t) => {
  await passes(t, ['--seconds', '10', '--processes', '3', '--store', 'postgres'])
})

t.test('a short run over a Postgres with a replica that falls behind, and a failover', async (t) => {
  await passes(t, [
    '--seconds', '12',
    '--processes', '3',
    '--database', 'postgres',
    '--faults',
    'replica-paused,listeners-killed,database-connections-killed,database-failover,instance-killed'
  ], /^ {2}database-failover: [1-9]/m, /^ {2}sets: [1-9]/m)
})
