import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startChild } from '../children/start.js'
import type { Scenario } from '../scenario.js'
import { spread } from '../statistics.js'

const INSTANCES = 3
const ROUNDS = 5
const MILLISECONDS = 2000

/** What the lease asks of Redis: everything that instances send which nobody asks for anything. */
export const ping: Scenario = {
  name: 'ping',
  about: 'commands a second that an idle instance sends to Redis, to prove that it has heard everything',
  async run (around) {
    const client = new Redis(around.redis, { lazyConnect: true })
    around.defer(() => { client.disconnect() })
    await client.connect()
    for (let i = 0; i < INSTANCES; i++) {
      const instance = await startChild('listening', ['--redis', around.redis, '--namespace', 'ping'])
      around.defer(() => instance.end())
    }

    const rounds: Record<string, number>[] = []
    let before = await commands(client)
    for (let round = 0; round < ROUNDS; round++) {
      around.say(`ping: round ${round + 1}/${ROUNDS}`)
      const began = performance.now()
      await setTimeout(MILLISECONDS)
      const after = await commands(client)
      const perInstance = (performance.now() - began) / 1000 * INSTANCES
      rounds.push(Object.fromEntries([...after].map(([name, calls]) => [name, (calls - (before.get(name) ?? 0)) / perInstance])))
      before = after
    }
    const sent = [...before.keys()].filter((name) => rounds.some((round) => (round[name] ?? 0) > 0))
    return [{
      scenario: 'ping',
      what: 'idle instance',
      a: sent.join(', ') || 'nothing',
      unit: '/s',
      measured: spread(rounds.map((round) => Object.values(round).reduce((sum, perSecond) => sum + perSecond, 0))),
      target: { atMost: 100 },
      rounds
    }]
  }
}

/** How often each command was called, but for the question itself. */
async function commands (client: Redis): Promise<Map<string, number>> {
  const stats = await client.info('commandstats')
  const calls = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = '', count]) => [name, Number(count)] as const)
  return new Map(calls.filter(([name]) => name !== 'info'))
}
