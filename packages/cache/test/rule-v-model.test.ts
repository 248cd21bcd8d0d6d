import { join } from 'node:path'
import { startRedis } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import type { StoreNamespace } from '../src/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { stopDate } from './clock.js'
import { hearing, valid } from './judging.js'
import { passingClient } from './passing-client.js'
import { randomFrom } from './random.js'
import { openStore } from './redis-place.js'
import { type Known, pick, RuleVModel } from './rule-v-model.js'

const MAX_TAGS = 12
const [STEPS, JUDGED_EVERY] = [600, 10]
const BOUNDED = 'bounded'

/** The same namespace on several instances. */
type Instances = readonly [StoreNamespace, ...StoreNamespace[]]

const server = await startRedis(t)
const folder = t.testdir()

const places: Record<
  string,
  (t: Test, seed: number) => Promise<{ instances: Instances; date?: ReturnType<typeof stopDate> }>
> = {
  memory: async (t) => {
    const date = stopDate(t)
    return { instances: [memoryStore({ maxTags: MAX_TAGS }).namespace('n')], date }
  },
  SQLite: async (t, seed) => {
    const date = stopDate(t)
    const open = () => {
      const store = sqliteStore({ file: join(folder, `${seed}.db`), maxTags: MAX_TAGS })
      t.teardown(() => store.close())
      return store.namespace('n')
    }
    return { instances: [open(), open()], date }
  },
  Redis: async (t, seed) => {
    const client = await server.connect()
    const open = (options: Parameters<typeof openStore>[1]) =>
      openStore(t, { maxTags: MAX_TAGS, prefix: `w${seed}`, ...options }).namespace('n')
    // Two that listen, the second one with fewer records than exist; one that has to ask.
    const [all, few, none] = [
      open({ client }),
      open({ client, maxTags: 5 }),
      open({ client: passingClient(client) })
    ]
    return { instances: [await hearing(all), await hearing(few), none] }
  }
}

for (const [name, open] of Object.entries(places)) {
  t.test(
    `a store never accepts an entry that a model with unlimited memory rejects: ${name}`,
    async (t) => {
      for (const seed of [1, 2, 3]) {
        await t.test(`seed ${seed}`, async (t) => {
          const { instances, date } = await open(t, seed)
          const random = randomFrom(seed)
          const model = new RuleVModel()
          const entries: Known[] = []
          const name = () => `${random(30)}`
          for (let step = 1; step <= STEPS; step++) {
            await take(model, entries, pick(random, instances), random, name)
            if (random(20) === 0) date?.advance(random(4) * 20_000)
            if (step % JUDGED_EVERY !== 0) continue
            await instances[0].validity.waitForLeases()
            for (const instance of instances) {
              await judge(t, model, entries, instance, instances.at(-1) ?? instance)
            }
          }
          t.ok(entries.length > 0)
        })
      }
    }
  )
}

async function take (
  model: RuleVModel,
  entries: Known[],
  { validity }: StoreNamespace,
  random: ReturnType<typeof randomFrom>,
  name: () => string
): Promise<void> {
  const isFill = random(10) < 5
  if (isFill) {
    entries.push({ key: name(), tags: [name(), name()], stamp: await validity.stamp() })
    if (entries.length > 60) entries.shift()
    return
  }
  switch (random(8)) {
    case 0:
    case 1:
    case 2: {
      const tags = Array.from({ length: 1 + random(3) }, name)
      return model.invalidate(tags, await validity.invalidate(tags, BOUNDED))
    }
    case 7:
      return random(5) === 0 ? model.clear(await validity.clear(BOUNDED)) : undefined
    default: {
      const [key, tags] = [name(), [name()]]
      // Expired already, expiring in a minute, or never.
      const until = pick(random, [Date.now() - 20_000, Date.now() + 60_000, Infinity])
      const stamp = await validity.replace({ key, tags, stamp: await validity.stamp() }, until)
      if (stamp === undefined) throw new Error('nothing was invalidated meanwhile')
      model.replace(key, stamp, until)
      entries.push({ key, tags, stamp })
    }
  }
}

/**
 * @param asked the instance that asks the store: a listening one may know entries that the store
 *   has dropped
 */
async function judge (
  t: Test,
  model: RuleVModel,
  entries: readonly Known[],
  { validity }: StoreNamespace,
  asked: StoreNamespace
): Promise<void> {
  await Promise.all(
    entries.map(async (entry) => {
      const isValid = await validity.isValid({ ...entry })
      if (isValid && model.isInvalidated(entry)) t.fail('valid, but it was invalidated', { entry })
      if (isValid && model.isReplaced(entry, Date.now())) {
        t.fail('valid, but it was replaced', { entry })
      }
      if (isValid || model.isInvalidated(entry) || model.wasReplaced(entry)) return
      // Only the floor can have ended it, and with it everything of that stamp.
      if (await valid(asked, entry.stamp, [])) t.fail('invalid without a reason', { entry })
    })
  )
}
