import t from 'tap'
import { startVersions, type VersionAnswer, type VersionsInstance } from './support/versions.js'

const EACH = 500

/** The responses of each instance to 500 simultaneous requests. */
const storm = (
  instances: readonly VersionsInstance[]
): Promise<PromiseSettledResult<VersionAnswer>[]> =>
  Promise.allSettled(
    instances.flatMap((instance) => Array.from({ length: EACH }, () => instance.get()))
  )

const runs = async (instances: readonly VersionsInstance[]) =>
  (await Promise.all(instances.map((instance) => instance.runs()))).reduce(
    (sum, runs) => sum + runs,
    0
  )

for (const store of ['sqlite', 'redis'] as const) {
  t.test(
    `${store}: four instances, 500 requests each of one response that takes 300 ms`,
    async (t) => {
      const { instances } = await startVersions(t, store, ['a', 'b', 'c', 'd'], {
        HANDLER_MS: '300'
      })
      const all = (version: number) => (answer: PromiseSettledResult<VersionAnswer>) =>
        answer.status === 'fulfilled' &&
        answer.value.status === 200 &&
        answer.value.version === version

      await t.test('not cached yet: the handler runs once', async (t) => {
        const answers = await storm(instances)
        t.ok(answers.every(all(1)))
        t.equal(answers.length, 4 * EACH)
        t.equal(await runs(instances), 1)
      })

      await t.test('right after an invalidation: once more', async (t) => {
        await instances[0]?.put()
        t.ok((await storm(instances)).every(all(2)))
        t.equal(await runs(instances), 2)
      })
    }
  )

  t.test(
    `${store}: the filler is killed half-way: another takes over, and the rest are answered`,
    async (t) => {
      const { instances } = await startVersions(t, store, ['a', 'b', 'c', 'd'])
      const reading = instances.map(async (instance) => {
        instance.hold()
        await instance.reads()
        return instance
      })
      const answers = storm(instances)
      const first = await Promise.race(reading)
      await first.kill()
      const others = instances.filter((instance) => instance !== first)
      const second = await Promise.race(reading.filter((_, i) => instances[i] !== first))
      t.not(second, first)
      second.go()
      const settled = await answers
      const served = settled.flatMap((answer) =>
        answer.status === 'fulfilled' ? [answer.value] : []
      )
      t.equal(served.length, 3 * EACH, 'all but those of the one that was killed')
      t.ok(served.every(({ status, version }) => status === 200 && version === 1))
      t.equal(await runs(others), 1, 'and once in the one that was killed')
    }
  )
}
