import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Child } from '../child.js'
import type { Teardowns } from '../teardowns.js'
import type { Topology } from './topology.js'

/** CPU time used by the idle instance so far, in ms. */
export interface IdleMessage {
  readonly cpu: number
}

/** Cost of an instance with three namespaces and no requests. */
export interface IdleCost {
  /** Commands sent to all servers, by name, per second. */
  readonly commands: ReadonlyMap<string, number>
  readonly connections: number
  /** Share of one core. */
  readonly cpu: number
}

const PROGRAM = fileURLToPath(new URL('idle-instance.js', import.meta.url))
// Time to connect and subscribe.
const WARM_UP = 3000

/** Measures the servers for some seconds without the instance, then with it. */
export async function measureIdle (
  topology: Topology, teardowns: Teardowns, seconds: number
): Promise<IdleCost> {
  const before = await sample(topology, seconds)
  const child = fork(PROGRAM, [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, REDIS_URL: topology.url }
  })
  const started = new Child(teardowns, child)
  const ended = started.ended.then(() => { throw new Error(started.output) })
  ended.catch(() => {})
  const cpu = async () => {
    const [message] = await Promise.race([once(child, 'message') as Promise<[IdleMessage]>, ended])
    return message.cpu
  }
  await cpu()
  await delay(WARM_UP)
  const [used, begin] = [await cpu(), performance.now()]
  const after = await sample(topology, seconds)
  const share = (await cpu() - used) / (performance.now() - begin)
  await started.kill()
  const commands = [...after.commands].map(([name, rate]): [string, number] =>
    [name, Math.max(0, rate - (before.commands.get(name) ?? 0))])
  return {
    commands: new Map(commands.filter(([, rate]) => rate > 0.2).sort(([, a], [, b]) => b - a)),
    connections: after.connections - before.connections,
    cpu: share
  }
}

async function sample (topology: Topology, seconds: number) {
  const first = await calls(topology)
  await delay(1000 * seconds)
  const last = await calls(topology)
  const lists = await Promise.all(topology.servers.map(({ control }) => control.client('LIST')))
  return {
    commands: new Map([...last].map(([name, count]) =>
      [name, (count - (first.get(name) ?? 0)) / seconds])),
    connections: lists.flatMap((list) => String(list).trim().split('\n'))
      .filter((line) => !/ flags=[SM]/.test(line)).length
  }
}

/** Calls counted by all servers, by command; without those within scripts. */
async function calls ({ servers }: Topology): Promise<Map<string, number>> {
  const sum = new Map<string, number>()
  for (const server of servers) {
    const stats = await server.info('commandstats')
    for (const [, name = '', count] of stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)) {
      sum.set(name, (sum.get(name) ?? 0) + Number(count))
    }
  }
  return sum
}

export function idleText ({ commands, connections, cpu }: IdleCost): string {
  const total = [...commands.values()].reduce((sum, rate) => sum + rate, 0)
  const list = [...commands].map(([name, rate]) => `${name} ${rate.toFixed(1)}`).join(', ')
  return `an idle instance: ${total.toFixed(0)} commands/s (${list}), ` +
    `${connections} connections, ${(100 * cpu).toFixed(1)}% of a core`
}
