import { etagOf } from '../children/product-route.js'
import { compareServers } from '../compare-servers.js'
import type { Scenario } from '../scenario.js'

/** A 304 from memory against a route that answers 304 to everything, with the same headers. */
export const notModified: Scenario = {
  name: 'not-modified',
  about: '304 from memory against a bare route that answers 304 with the same headers',
  run: (around) =>
    compareServers(around, {
      scenario: 'not-modified',
      contenders: [
        { what: 'memory', args: ['--store', 'memory'], cacheStatus: 'detail=memory', atLeast: 1 },
        {
          what: 'SQLite',
          args: ['--store', 'sqlite', '--dir', around.dir],
          cacheStatus: 'detail=memory',
          atLeast: 1
        }
      ],
      bare: { what: 'bare 304', child: 'bare', args: ['--status', '304'] },
      load: { headers: (id) => ({ 'if-none-match': etagOf(id) }), expect: 304 },
      // Processes differ more than the rounds of one process.
      generations: 5,
      rounds: 1
    })
}
