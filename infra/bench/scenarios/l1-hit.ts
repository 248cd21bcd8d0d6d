import { compareServers } from '../compare-servers.js'
import type { Scenario } from '../scenario.js'

/** A hit from memory, with all that the plugin says about it, against sending a ready Buffer with the same headers. */
export const l1Hit: Scenario = {
  name: 'l1-hit',
  about: 'a hit from memory against a bare route that sends the same Buffer and headers',
  async run (around) {
    const results = []
    for (const [size, body] of [['1 KiB', '1024'], ['16 KiB', '16384']] as const) {
      results.push(...await compareServers(around, {
        scenario: 'l1-hit',
        contenders: [
          { what: `memory ${size}`, args: ['--store', 'memory', '--body', body], cacheStatus: 'detail=memory', atLeast: 0.85 },
          { what: `SQLite ${size}`, args: ['--store', 'sqlite', '--dir', around.dir, '--body', body], cacheStatus: 'detail=memory', atLeast: 0.85 }
        ],
        bare: { what: 'bare', child: 'bare', args: ['--body', body] },
        load: { expect: 200 }
      }))
    }
    return results
  }
}
