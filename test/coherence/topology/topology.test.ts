import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { program } from '../../support/program.js'
import '../../support/uncounted.js'
import { parseTopologyArguments } from './arguments.js'

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const SMALL = [
  '--processes', '2', '--readers', '2', '--seed', 'short', '--workloads', 'versions,variants,keys'
] as const

/** Runs the checker like its command. */
async function check (t: Test, args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const { output } = program(t, child)
  const [code] = await once(child, 'close') as [number | null]
  return { code, output: output() }
}

t.setTimeout(120_000)

t.test('a short run over a cluster: a cut, a failover and a slot migration', async (t) => {
  const { code, output } = await check(t, [
    '--topology', 'cluster', '--seconds', '15', ...SMALL,
    '--faults', 'cut-off-with-master,handed-over,slot-moved'
  ])
  t.equal(code, 0, output)
  t.match(output, /^0 violations$/m)
  t.comment(output)
})

t.test('a short run over Sentinel: a killed master, and one that is cut off', async (t) => {
  const { code, output } = await check(t, [
    '--topology', 'sentinel', '--seconds', '15', ...SMALL,
    '--faults', 'master-killed,cut-off-with-master'
  ])
  t.equal(code, 0, output)
  t.match(output, /^0 violations$/m)
  t.comment(output)
})

t.test('wrong arguments are reported, and nothing runs', async (t) => {
  for (const [args, problem] of [
    [['--topology', 'ring'], /^--topology ring: one of cluster, sentinel$/m],
    [['--topology', 'cluster', '--readers', '-1'], /--readers/],
    [['--topology', 'cluster', '--seconds', '0'], /^--seconds 0: a whole number, 1 or more$/m],
    [['--topology', 'sentinel', '--faults', 'slot-moved'], /^--faults slot-moved: one of /m],
    [['--topology', 'cluster', '--quick'], /--quick/]
  ] as const) t.throws(() => parseTopologyArguments(args), { message: problem })
  const wrong = await check(t, ['--topology', 'ring'])
  t.equal(wrong.code, 2)
  t.match(wrong.output, /^--topology ring: one of cluster, sentinel$/m)
  const { code, output } = await check(t, ['--topology', 'cluster', '--help'])
  t.equal(code, 0)
  t.match(output, /--idle/)
})
