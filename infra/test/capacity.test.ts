import t from 'tap'
import {
  demandOf, instancesFor, ONE_MISSING, p99Bound, PLANNED, type RequestClass
} from '../bench/capacity/formula.js'
import { simulate } from '../bench/capacity/simulate.js'

const STANDING = 0.03
const SECONDS = 15

/** Parts of the requests and their CPU time in milliseconds. */
const MIXES: Readonly<Record<string, readonly (readonly [part: number, cpuMs: number])[]>> = {
  'the example of docs/scale.md': [[975, 0.1], [25, 5]],
  'the measured costs': [[900, 0.12], [50, 0.2], [50, 3]],
  'half of it computed': [[50, 0.1], [50, 5]],
  'all computed': [[1, 4]],
  'slow reports': [[990, 0.1], [10, 50]],
  'two kinds of computation': [[940, 0.15], [40, 2], [20, 20]]
}

/** The mix at the rate for which the formula says this many instances. */
function trafficFor (instances: number, mix: readonly (readonly [number, number])[]) {
  const parts = mix.map(([perSecond, cpuMs]) => ({ perSecond, cpuMs }))
  const demand = Math.min(
    instances * (PLANNED - STANDING), (instances - 1) * (ONE_MISSING - STANDING)
  )
  return times(demand / demandOf(parts), parts)
}

const times = (factor: number, classes: readonly RequestClass[]) =>
  classes.map(({ perSecond, cpuMs }) => ({ perSecond: perSecond * factor, cpuMs }))

for (const [name, mix] of Object.entries(MIXES)) {
  t.test(`the number of instances: ${name}`, async (t) => {
    const classes = trafficFor(8, mix)
    const bound = p99Bound(classes)
    t.equal(instancesFor({ classes, standing: STANDING }).toFixed(6), '8.000000')
    for (const seed of [1, 2]) {
      const fleet = { classes, standing: STANDING, instances: 8, seconds: SECONDS }
      const planned = simulate(fleet, seed)
      t.ok(planned.p99 <= bound, `${planned.p99} of ${bound} ms`)
      t.ok(planned.p99 > 0.5 * bound, 'the bound is not idle')
      t.ok(Math.abs(planned.busy - PLANNED) < PLANNED / 10, `busy for ${planned.busy}`)

      const more = { ...fleet, classes: times(1.3, classes) }
      const overloaded = simulate(more, seed)
      t.ok(overloaded.p99 > bound, `1.3 times the traffic: ${overloaded.p99} of ${bound} ms`)
      const instances = Math.ceil(instancesFor(more))
      t.ok(simulate({ ...more, instances }, seed).p99 <= bound, `${instances} instances again`)
    }
  })
}

t.test('one instance may be missing, also in a small fleet', async (t) => {
  for (let instances = 2; instances <= 10; instances++) {
    const classes = trafficFor(instances, [[975, 0.1], [25, 5]])
    const fleet = {
      classes, standing: STANDING, instances, seconds: SECONDS, lostAt: SECONDS / 3
    }
    t.equal(Math.ceil(instancesFor(fleet) - 1e-9), instances)
    const { p99, left } = simulate(fleet)
    const bound = p99Bound(classes, ONE_MISSING)
    t.ok(p99 <= bound, `${instances} instances: ${p99} of ${bound} ms`)
    t.ok(left < bound, `${left} ms are left`)
  }
})

t.test('the share of 0.6 alone is not enough for two instances', async (t) => {
  const classes = times(1.1 / 0.2225, [{ perSecond: 975, cpuMs: 0.1 }, { perSecond: 25, cpuMs: 5 }])
  t.equal(Math.ceil(demandOf(classes) / (PLANNED - STANDING)), 2)
  const fleet = { classes, standing: STANDING, seconds: SECONDS, lostAt: SECONDS / 3 }
  t.ok(simulate({ ...fleet, instances: 2 }).left > 500, 'the other one falls behind')
  t.equal(Math.ceil(instancesFor(fleet)), 3)
  t.ok(simulate({ ...fleet, instances: 3 }).left < 100)
})

t.test('an instance that is asked for more than a core falls behind', async (t) => {
  const classes = [{ perSecond: 220, cpuMs: 5 }]
  const fleet = { classes, standing: 0, instances: 1, seconds: 10 }
  t.ok(simulate(fleet).left > 500)
  t.throws(() => simulate({ ...fleet, lostAt: 5 }), { message: 'no instance' })
})
