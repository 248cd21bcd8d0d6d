import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseArguments } from './arguments.js'
import { runChecker } from './run-checker.js'

const MAIN = fileURLToPath(new URL('main.js', import.meta.url))

t.setTimeout(120_000)

t.test('a short run of each application finds no difference', async (t) => {
  const { code, output } = await runChecker(t, MAIN, ['--seed', 'short', '--requests', '120'])
  t.equal(code, 0, output)
  t.match(output, /^\d+ comparisons, 0 differences, \d+ hits of \d+ that could be/m)
  t.comment(output)
})

t.test('wrong arguments are reported, and nothing runs', async (t) => {
  for (const [args, problem] of [
    [['--seconds', 'x'], /^--seconds x: a whole number, 1 or more$/m],
    [['--only', 'nothing'], /^--only nothing: one of hooks, cookie$/m],
    [['--transport', 'pigeon'], /^--transport pigeon: one of http1, tls, http2, nginx$/m],
    [['--order', 'between'], /^--order between: one of before, after$/m],
    [['--quick'], /--quick/]
  ] as const) t.throws(() => parseArguments(args, ['hooks', 'cookie']), { message: problem })
  const wrong = await runChecker(t, MAIN, ['--only', 'nothing'])
  t.equal(wrong.code, 2)
  t.match(wrong.output, /^--only nothing: one of hooks, cookie, /m)
  const { code, output } = await runChecker(t, MAIN, ['--help'])
  t.equal(code, 0)
  t.match(output, /--seed TEXT/)
})
