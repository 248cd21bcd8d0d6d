import { compareServers } from '../compare-servers.js'
import type { Scenario } from '../scenario.js'

/**
 * The cost of the journal: hits from memory with and without the plugin that records them, both
 * counted and with a log, as services are. The difference between two servers without the plugin
 * shows the noise.
 */
export const journal: Scenario = {
  name: 'journal',
  about: 'a hit from memory in the journal against one that is not recorded',
  run: (around) =>
    compareServers(around, {
      scenario: 'journal',
      contenders: [
        {
          what: 'in the journal',
          args: ['--log', '--counting', '--journal'],
          cacheStatus: 'detail=memory',
          atLeast: 0.97
        },
        {
          what: 'not, again: the noise',
          args: ['--log', '--counting'],
          cacheStatus: 'detail=memory'
        }
      ],
      bare: {
        what: 'not in the journal',
        child: 'cached',
        args: ['--log', '--counting'],
        cacheStatus: 'detail=memory'
      },
      load: { expect: 200 },
      // Differences of a few hundredths must be visible.
      generations: 8
    })
}
