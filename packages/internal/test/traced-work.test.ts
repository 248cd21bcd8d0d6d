import { tracingChannel } from 'node:diagnostics_channel'
import t from 'tap'
import { tracedOn, type TracedWork } from '../src/index.js'

interface Work extends TracedWork {
  readonly name: string
}

const traced = tracedOn<Work>('weir:test:work')
const channel = tracingChannel<unknown, Work>('weir:test:work')

t.test('without subscribers nothing is described', (t) => {
  const describe = () => { throw new Error('not needed') }
  t.equal(traced(describe, () => 1), 1)
  t.end()
})

t.test('work of any kind starts and ends once, in the context of its subscriber', async (t) => {
  const told: string[] = []
  let within: string | undefined
  const subscribers = {
    start (work: Work) {
      told.push(`start ${work.name}`)
      work.around = (fn) => {
        within = work.name
        return fn()
      }
    },
    end () {},
    asyncStart () {},
    asyncEnd: ({ name, error }: Work) => { told.push(`end ${name}: ${String(error)}`) },
    error: ({ name }: Work) => { told.push(`error ${name}`) }
  }
  channel.subscribe(subscribers)
  t.teardown(() => { channel.unsubscribe(subscribers) })
  const run = <R>(name: string, fn: () => R) => traced(() => ({ name }), () => {
    t.equal(within, name)
    return fn()
  })

  t.equal(run('now', () => 1), 1)
  t.equal(await run('later', async () => 2), 2)
  t.throws(() => run('throws', () => { throw new Error('a') }), /a/)
  await t.rejects(run('rejects', async () => { throw new Error('b') }), /b/)
  t.strictSame(told, [
    'start now', 'end now: undefined',
    'start later', 'end later: undefined',
    'start throws', 'error throws', 'end throws: Error: a',
    'start rejects', 'error rejects', 'end rejects: Error: b'
  ])
})
