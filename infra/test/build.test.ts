import t from 'tap'
import { type BuildSteps, buildSuite } from '../local/build.js'

/** Build steps that record their calls, some of which fail. */
function recorded ({ failing = [] }: { failing?: readonly string[] } = {}): {
  steps: BuildSteps
  taken: string[]
} {
  const taken: string[] = []
  const count = (step: string) => taken.filter((other) => other === step).length
  const take = (step: string): boolean => {
    taken.push(step)
    return !failing.includes(`${step} ${count(step)}`)
  }
  return {
    taken,
    steps: {
      compile: () => take('compile'),
      clean: () => take('clean'),
      bundle: async () => {
        if (!take('bundle')) throw new Error('could not resolve ./cache.js')
      },
      say: () => {
        taken.push('say')
      }
    }
  }
}

t.test('a build compiles and bundles', async (t) => {
  const { steps, taken } = recorded()
  t.equal(await buildSuite(steps), true)
  t.strictSame(taken, ['compile', 'bundle'])
})

t.test('a missing compiled file causes a full build', async (t) => {
  const { steps, taken } = recorded({ failing: ['bundle 1'] })
  t.equal(await buildSuite(steps), true)
  t.strictSame(taken, ['compile', 'bundle', 'say', 'clean', 'compile', 'bundle'])
})

t.test('a build fails if bundling fails after a full build', async (t) => {
  const { steps } = recorded({ failing: ['bundle 1', 'bundle 2'] })
  await t.rejects(buildSuite(steps), /could not resolve/)
})

t.test('a failed compilation prevents bundling', async (t) => {
  for (const [failing, expected] of [
    [['compile 1'], ['compile']],
    [['bundle 1', 'clean 1'], ['compile', 'bundle', 'say', 'clean']],
    [['bundle 1', 'compile 2'], ['compile', 'bundle', 'say', 'clean', 'compile']]
  ] as const) {
    const { steps, taken } = recorded({ failing })
    t.equal(await buildSuite(steps), false)
    t.strictSame(taken, expected)
  }
})
