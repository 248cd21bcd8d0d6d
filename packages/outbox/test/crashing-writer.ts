import { appendFileSync } from 'node:fs'
import { Random } from '@weir/internal/testing'
import type { KyselyPlugin } from 'kysely'
import { createOutbox } from '../src/index.js'
import { writeBehind } from '../src/write-behind/index.js'
import { type CrashPlace, openPlace, ways } from './crash-place.js'

/**
 * An instance that puts and writes, and kills itself at the given step like kill -9: `node
 * crashing-writer.js PLACE SEED STEP`. A step is the moment before or after a statement, or before
 * or after a write to the destination's file. Acknowledged puts are written to a file at once,
 * because files outlive the process.
 */
const [, , given = '', seed = '', last = ''] = process.argv
const place = JSON.parse(given) as CrashPlace
const random = new Random(Number(seed))

let step = 0
function reach (): void {
  if (step++ === Number(last)) process.kill(process.pid, 'SIGKILL')
}

const steps: KyselyPlugin = {
  transformQuery: ({ node }) => {
    reach()
    return node
  },
  transformResult: async ({ result }) => {
    reach()
    return result
  }
}

const db = openPlace(place, [steps])
const outbox = createOutbox({ db, invalidate: async () => {} })
const queue = writeBehind({
  db,
  outbox,
  name: 'q',
  batchSize: 3,
  merge: (a: number, b: number) => a + b,
  ...ways(place, reach)
})

for (let round = 0; round < 4; round++) {
  for (let i = random.integer(1, 3); i > 0; i--) {
    const [key, n] = [random.pick(['a', 'b', 'c', 'd']), random.integer(1, 1000)]
    appendFileSync(place.begun, `${JSON.stringify({ key, n })}\n`)
    await queue.put(key, n)
    appendFileSync(place.acknowledged, `${JSON.stringify({ key, n })}\n`)
  }
  // Values put during a write become part of the next one.
  const drained = round === 0 ? queue.start() : Promise.resolve()
  await drained
  if (round > 0) await writeOnce()
}
await queue.stop()
await db.destroy()
process.exit(0)

/** A pass of another instance in this process, because the polls of this one are a second apart. */
async function writeOnce () {
  const other = writeBehind({
    db,
    outbox,
    name: 'q',
    batchSize: 3,
    merge: (a: number, b: number) => a + b,
    ...ways(place, reach)
  })
  await other.start()
  await other.stop()
}
