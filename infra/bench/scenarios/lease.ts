import { compareServers } from '../compare-servers.js'
import type { Scenario, Surroundings } from '../scenario.js'

/**
 * What it costs to be sure: hits from memory before Redis, under the lease, against the same server
 * without one (see `children/unleased-store.ts`). How far two servers without it are apart tells
 * how far to trust that.
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
      // A few hundredths are to be told apart.
      generations: 8
    })
}

const server = ({ redis }: Surroundings, store: string) => ['--store', store, '--redis', redis]
