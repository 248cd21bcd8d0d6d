import { compareServers } from '../compare-servers.js'
import type { Scenario } from '../scenario.js'

/**
 * A hit from the shared store without L1, against a route that does one GET of Redis and sends the
 * result.
 */
export const l2Hit: Scenario = {
  name: 'l2-hit',
  about: 'a hit from the store, L1 off, against a bare route that does one ioredis GET',
  run (around) {
    const redis = (client: string) => [
      '--store',
      'redis',
      '--redis',
      around.redis,
      '--client',
      client,
      '--no-l1'
    ]
    return compareServers(around, {
      scenario: 'l2-hit',
      contenders: [
        { what: 'ioredis', args: redis('ioredis'), cacheStatus: 'detail=store', atLeast: 0.9 },
        {
          what: 'node-redis',
          args: redis('node-redis'),
          cacheStatus: 'detail=store',
          atLeast: 1.1
        },
        {
          what: 'SQLite',
          args: ['--store', 'sqlite', '--dir', around.dir, '--no-l1'],
          cacheStatus: 'detail=store'
        }
      ],
      bare: { what: 'bare GET', child: 'bare-redis', args: ['--redis', around.redis] },
      load: { expect: 200 }
    })
  }
}
