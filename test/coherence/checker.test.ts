import t from 'tap'
import { check, passes } from './check-command.js'

t.setTimeout(120_000)

t.test('a short run over Redis, with all faults', async (t) => {
  await passes(t, ['--seconds', '12', '--processes', '3'], /^seed short$/m)
})

t.test('a short run over SQLite', async (t) => {
  await passes(t, ['--seconds', '5', '--processes', '3', '--store', 'sqlite'])
})

t.test('wrong arguments are reported, and nothing runs', async (t) => {
  for (const [args, problem] of [
    [['--seconds', 'x'], /^--seconds x: a whole number, 1 or more$/m],
    [['--store', 'disk'], /^--store disk: one of redis, sqlite, postgres, memcached$/m],
    [['--edge', 'moon'], /^--edge moon: only varnish$/m],
    [['--faults', 'bad-luck'], /^--faults bad-luck: one of redis-frozen, /m],
    [
      ['--store', 'sqlite', '--faults', 'redis-frozen'],
      /^--faults redis-frozen: one of instance-frozen, /m
    ],
    [['--database', 'disk'], /^--database disk: one of sqlite, postgres$/m],
    [['--workloads', 'versions,none'], /^--workloads none: one of errors, variants, /m],
    [['--only', 'nothing'], /^--only nothing: one of redis-frozen, .*, errors, /m],
    [['--quick'], /--quick/]
  ] as const) {
    const { code, output } = await check(t, args)
    t.equal(code, 2)
    t.match(output, problem)
  }
  const { code, output } = await check(t, ['--help'])
  t.equal(code, 0)
  t.match(output, /--seed TEXT/)
})
