import t from 'tap'
import { parseArguments } from './arguments.js'
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
    [['--edge', 'moon'], /^--edge moon: one of varnish, nginx, region$/m],
    [['--edge', 'region', '--store', 'sqlite'], /^--edge region: only with --store redis and/m],
    [['--faults', 'bad-luck'], /^--faults bad-luck: one of redis-frozen, /m],
    [
      ['--store', 'sqlite', '--faults', 'redis-frozen'],
      /^--faults redis-frozen: one of instance-frozen, /m
    ],
    [['--database', 'disk'], /^--database disk: one of sqlite, postgres$/m],
    [['--workloads', 'versions,none'], /^--workloads none: one of errors, variants, /m],
    [['--only', 'nothing'], /^--only nothing: one of redis-frozen, .*, errors, /m],
    [['--quick'], /--quick/]
  ] as const) t.throws(() => parseArguments(args), { message: problem })
  const wrong = await check(t, ['--seconds', 'x'])
  t.equal(wrong.code, 2)
  t.match(wrong.output, /^--seconds x: a whole number, 1 or more\n\nnpm run test:coherence/m)
  const { code, output } = await check(t, ['--help'])
  t.equal(code, 0)
  t.match(output, /--seed TEXT/)
})
