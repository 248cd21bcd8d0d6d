import { compareServers } from '../compare-servers.js'
import type { Scenario } from '../scenario.js'

/**
 * The cost of counting: hits from memory with and without the plugin that counts them. All servers
 * have a log, as services do, because a log also makes Fastify listen for the end of each response.
 * The difference between two servers without the plugin shows the noise.
 */
export const counting: Scenario = {
  name: 'counting',
  about: 'a counted hit from memory against an uncounted one',
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
      // Differences of a few hundredths must be visible.
      generations: 8
    })
}
