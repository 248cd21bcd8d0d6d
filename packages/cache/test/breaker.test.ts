import t from 'tap'
import { Breaker } from '../src/stores/redis/breaker.js'
import { gatedFn } from './gate.js'

const never = () => false
const fails = async () => { throw new Error('no answer') }
const refused = { code: 'WEIR_CACHE_STORE_UNAVAILABLE' }

t.test('after a failure nothing is asked until the cool-down is over', async (t) => {
  const breaker = new Breaker(Infinity, never)
  t.equal(await breaker.run(async () => 1), 1)
  await t.rejects(breaker.run(fails), { message: 'no answer' })
  await t.rejects(breaker.run(async () => t.fail('it is asked')), refused)
})

t.test('then one call is the probe: while it is under way the others are refused, and its success closes', async (t) => {
  const breaker = new Breaker(0, never)
  await t.rejects(breaker.run(fails))
  const probe = gatedFn<string>()
  const probing = breaker.run(probe.fn)
  await t.rejects(breaker.run(async () => t.fail('it is asked')), refused)
  probe.end('back')
  t.equal(await probing, 'back')
  t.strictSame(await Promise.all([breaker.run(async () => 1), breaker.run(async () => 2)]), [1, 2])
})

t.test('a probe that fails opens it again', async (t) => {
  const breaker = new Breaker(0, never)
  await t.rejects(breaker.run(fails))
  await t.rejects(breaker.run(fails), { message: 'no answer' }, 'it was asked')
  t.equal(await breaker.run(async () => 'back'), 'back')
})

t.test('what the store itself refuses is an answer', async (t) => {
  const breaker = new Breaker(Infinity, (error) => error instanceof TypeError)
  await t.rejects(breaker.run(async () => { throw new TypeError('WRONGTYPE') }))
  t.equal(await breaker.run(async () => 1), 1)
})
