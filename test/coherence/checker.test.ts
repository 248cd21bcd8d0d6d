import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { program } from '../support/program.js'
import '../support/uncounted.js'

const MAIN = fileURLToPath(new URL('main.js', import.meta.url))

/** Runs the checker like its command. */
async function check (t: Test, args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const { output } = program(t, child)
  const [code] = await once(child, 'close') as [number | null]
  return { code, output: output() }
}

t.setTimeout(120_000)

t.test('a short run over Redis, with all faults', async (t) => {
  const { code, output } = await check(t, [
    '--seconds',
    '12',
    '--processes',
    '3',
    '--seed',
    'short'
  ])
  t.equal(code, 0, output)
  t.match(output, /^0 violations$/m)
  t.match(output, /^seed short$/m)
  t.comment(output)
})

t.test('a short run over SQLite', async (t) => {
  const { code, output } = await check(t, [
    '--seconds',
    '5',
    '--processes',
    '3',
    '--store',
    'sqlite',
    '--seed',
    'short'
  ])
  t.equal(code, 0, output)
  t.match(output, /^0 violations$/m)
})

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
    'edge-frozen,edge-killed,instance-frozen,instance-killed,fills-delayed',
    '--seed',
    'short'
  ])
  t.equal(code, 0, output)
  t.match(output, /^0 violations$/m)
  t.match(output, /^[1-9]\d* of the reads answered by Varnish alone$/m)
})

t.test('a short run over Postgres, with all faults', async (t) => {
  const { code, output } = await check(t, [
    '--seconds',
    '10',
    '--processes',
    '3',
    '--store',
    'postgres',
    '--seed',
    'short'
  ])
  t.equal(code, 0, output)
  t.match(output, /^0 violations$/m)
})

t.test('a short run over a Postgres with a replica that falls behind, and a failover', async (t) => {
  const { code, output } = await check(t, [
    '--seconds',
    '12',
    '--processes',
    '3',
    '--database',
    'postgres',
    '--faults',
    'replica-paused,listeners-killed,database-connections-killed,database-failover,instance-killed',
    '--seed',
    'short'
  ])
  t.equal(code, 0, output)
  t.match(output, /^0 violations$/m)
  t.match(output, /^ {2}database-failover: [1-9]/m)
  t.match(output, /^ {2}sets: [1-9]/m)
  t.comment(output)
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
