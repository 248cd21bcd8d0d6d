import { parseArgs } from 'node:util'
import { UsageError } from '../arguments.js'
import { WORKLOAD_NAMES, type WorkloadName } from '../resources.js'
import { faultsFor, TOPOLOGY_FAULTS, type TopologyFault } from './faults.js'
import { TOPOLOGIES, type TopologyKind } from './topology.js'

/** Options of a run with several Redis servers, from the command line. */
export interface TopologyWish {
  readonly topology: TopologyKind
  readonly seconds: number
  readonly seed: string
  readonly processes: number
  readonly readers: number
  readonly faults: readonly TopologyFault[]
  readonly workloads: readonly WorkloadName[]
  readonly idle: boolean
}

// Workloads that write dozens of resources at once are for one Redis: here they would only keep it
// busy.
const TOPOLOGY_WORKLOADS: readonly WorkloadName[] =
  ['errors', 'variants', 'failures', 'keys', 'sets', 'versions']

export const topologyUsage = `npm run test:coherence -- --topology KIND [OPTIONS]

Reads and writes versions through several instances in front of a Redis Cluster, or of servers that
Sentinels watch, while servers and the network fail. Looks for reads that return less than a client
had been told before they began, and for reads that take long.

  --topology KIND  ${TOPOLOGIES.join(' or ')}
  --seconds N      minimum length of the run (60)
  --processes N    number of instances (3)
  --readers N      clients of each instance that read at full speed (4); with 0, latencies are
                   those of an instance that has little to do
  --faults A,B     of ${Object.keys(TOPOLOGY_FAULTS).join(', ')}
                   (all that can befall the topology)
  --workloads A,B  of ${WORKLOAD_NAMES.join(', ')}
                   (${TOPOLOGY_WORKLOADS.join(', ')})
  --seed TEXT      repeats the choices of an earlier run
  --idle           measures the cost of an instance without requests, for so many
                   seconds; nothing else
  --help           this`

/** @throws UsageError */
export function parseTopologyArguments (args: readonly string[]): TopologyWish | 'help' {
  const values = parsed(args)
  if (values.help) return 'help'
  const topology = TOPOLOGIES.find((kind) => kind === values.topology)
  if (topology === undefined) {
    throw new UsageError(`--topology ${values.topology}: one of ${TOPOLOGIES.join(', ')}`)
  }
  return {
    topology,
    seconds: whole('seconds', values.seconds, 1),
    seed: values.seed ?? String(Math.floor(Math.random() * 1e9)),
    processes: whole('processes', values.processes, 1),
    readers: whole('readers', values.readers, 0),
    faults: listOf('faults', values.faults, faultsFor(topology)) ?? faultsFor(topology),
    workloads: listOf('workloads', values.workloads, WORKLOAD_NAMES) ?? TOPOLOGY_WORKLOADS,
    idle: values.idle
  }
}

function listOf<T extends string> (
  option: string, names: string | undefined, possible: readonly T[]
): readonly T[] | undefined {
  return names?.split(',').map((name) => {
    const found = possible.find((one) => one === name)
    if (found !== undefined) return found
    throw new UsageError(`--${option} ${name}: one of ${possible.join(', ')}`)
  })
}

function whole (name: string, text: string, least: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least) return number
  throw new UsageError(`--${name} ${text}: a whole number, ${least} or more`)
}

function parsed (args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        topology: { type: 'string', default: 'none' },
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string' },
        processes: { type: 'string', default: '3' },
        readers: { type: 'string', default: '4' },
        faults: { type: 'string' },
        workloads: { type: 'string' },
        idle: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false }
      }
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
