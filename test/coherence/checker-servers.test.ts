import t from 'tap'
import { check, passes } from './check-command.js'

t.setTimeout(200_000)

t.test('a short run behind a Varnish that fails, too', async (t) => {
  const { code, output } = await check(t, [
    '--edge',
    'varnish',
    '--seconds',
    '12',
    '--processes',
    '2',
    '--workloads',
    'versions,variants,errors',
    '--faults',
    'edge-frozen,edge-killed,purges-dropped,purges-late,fetches-late,instance-frozen,instance-killed',
    '--seed',
    'short'
  ])
  t.equal(code, 0, output)
  t.match(output, /^0 violations$/m)
  t.match(output, /^[1-9]\d* of the reads answered by varnish alone$/m)
})

for (const [edge, faults] of [
  ['nginx', 'edge-frozen,edge-killed,purges-dropped,purges-late,fetches-late'],
  ['region', 'edge-frozen,edge-killed,purges-dropped,purges-late,region-redis-emptied,redis-frozen']
] as const) {
  t.test(`a short run with ${edge} as the destination of purges`, async (t) => {
    const { code, output } = await check(t, [
      '--edge',
      edge,
      '--seconds',
      '10',
      '--processes',
      '2',
      '--workloads',
      'versions,errors',
      '--faults',
      faults,
      '--seed',
      'short'
    ])
    t.equal(code, 0, output)
    t.match(output, /^0 violations$/m)
    t.match(output, /^ {2}stale after the (confirmation|acknowledgement): \d+ of [1-9]\d* writes/m)
    t.comment(output)
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
