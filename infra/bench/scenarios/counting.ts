import { compareServers } from '../compare-servers.js'
import type { Scenario } from '../scenario.js'

/**
 * What it costs to count: hits from memory with the plugin that counts them and without. All have a
 * log, because for that, too, Fastify listens for the end of each response, and services have one.
 * How far two servers without the plugin are apart tells how far to trust the difference.
 */
export const counting: Scenario = {
  name: 'counting',
  about: 'a hit from memory that is counted against one that is not',
  run: (around) =>
    compareServers(around, {
      scenario: 'counting',
      contenders: [
        {
          what: 'counted',
          args: ['--log', '--counting'],
          cacheStatus: 'detail=memory',
          atLeast: 0.98
        },
        { what: 'not, again: the noise', args: ['--log'], cacheStatus: 'detail=memory' }
      ],
      bare: {
        what: 'not counted',
        child: 'cached',
        args: ['--log'],
        cacheStatus: 'detail=memory'
      },
      load: { expect: 200 },
      // A few hundredths are to be told apart.
      generations: 8
    })
}
