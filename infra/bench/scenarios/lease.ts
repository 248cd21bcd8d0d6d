import { compareServers } from '../compare-servers.js'
import type { Scenario, Surroundings } from '../scenario.js'

/**
 * The cost of coherence: hits from memory before Redis, under the lease, against the same server
 * without one (see `children/unleased-store.ts`). The difference between two servers without a
 * lease shows the noise.
 */
export const lease: Scenario = {
  name: 'lease',
  about: 'a hit from memory before Redis against the same with the lease switched off',
  run: (around) =>
    compareServers(around, {
      scenario: 'lease',
      contenders: [
        {
          what: 'lease on',
          args: server(around, 'redis'),
          cacheStatus: 'detail=memory',
          atLeast: 0.97
        },
        {
          what: 'off, again: the noise',
          args: server(around, 'redis-unleased'),
          cacheStatus: 'detail=memory'
        }
      ],
      bare: {
        what: 'off',
        child: 'cached',
        args: server(around, 'redis-unleased'),
        cacheStatus: 'detail=memory'
      },
      load: { expect: 200 },
      // Differences of a few hundredths must be visible.
      generations: 8
    })
}

const server = ({ redis }: Surroundings, store: string) => ['--store', store, '--redis', redis]
