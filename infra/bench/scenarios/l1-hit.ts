import { compareServers } from '../compare-servers.js'
import type { Scenario } from '../scenario.js'

/**
 * A hit from memory, with every header the plugin adds, against sending a prebuilt Buffer with the
 * same headers.
 */
export const l1Hit: Scenario = {
  name: 'l1-hit',
  about: 'a hit from memory against a bare route that sends the same Buffer and headers',
  async run (around) {
    const stores = [
      { store: 'memory', args: [], atLeast: 1 },
      { store: 'Redis', args: ['--redis', around.redis], atLeast: 1 },
      { store: 'SQLite', args: ['--dir', around.dir], atLeast: 0.97 }
    ]
    const results = []
    for (const [size, body] of [['1 KiB', '1024'], ['16 KiB', '16384']] as const) {
      results.push(...await compareServers(around, {
        scenario: 'l1-hit',
        contenders: stores.map(({ store, args, atLeast }) => ({
          what: `${store} ${size}`,
          args: ['--store', store.toLowerCase(), ...args, '--body', body],
          cacheStatus: 'detail=memory',
          atLeast
        })),
        bare: { what: 'bare', child: 'bare', args: ['--body', body] },
        load: { expect: 200 },
        // Processes differ more than the rounds of one process.
        generations: 5,
        rounds: 1
      }))
    }
    return results
  }
}
