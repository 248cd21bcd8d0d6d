import { parseArgs } from 'node:util'
import { type EdgeKind, EDGES } from './edge-settings.js'
import {
  type DatabaseKind, DATABASES, FAULTS, type FaultKind, faultsFor, type StoreKind, STORES
} from './faults.js'
import { WORKLOAD_NAMES, type WorkloadName } from './resources.js'

/** The options of the command line. */
export interface Wish {
  readonly seconds: number
  readonly seed: string
  readonly processes: number
  readonly store: StoreKind
  readonly database: DatabaseKind
  readonly edge?: EdgeKind
  readonly faults: readonly FaultKind[]
  readonly workloads: readonly WorkloadName[]
}

export const usage = `npm run test:coherence [-- OPTIONS]

Reads and writes versions through several instances at full speed while faults occur, and finds reads that return an older
version than one acknowledged or returned before they began.

  --seconds N      how long (60)
  --processes N    how many instances (4)
  --store STORE    ${STORES.join(', ')} (redis)
  --database KIND  ${DATABASES.join(', ')} (sqlite): where the versions and the outbox are; postgres has a replica
  --edge KIND      ${EDGES.join(', ')}: a destination of purges, which gets most reads over HTTP: a cache before the instances,
                   or another region, with its own Redis
  --faults A,B     of ${Object.keys(FAULTS).join(', ')};
                   none for none (all that can befall the store)
  --workloads A,B  of ${WORKLOAD_NAMES.join(', ')} (all)
  --only NAME      this fault, with all workloads; or this workload, with all faults
  --seed TEXT      repeats the choices of an earlier run: which faults come when and for how long, what is read and written. Not
                   how the processes' steps fall together, so that a violation may take several runs to come again
  --topology KIND  instead of one Redis a cluster, or servers that Sentinels watch: see --topology cluster --help
  --help           this`

/** The command line is wrong. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseArguments (args: readonly string[]): Wish | 'help' {
  const values = parsed(args)
  if (values.help) return 'help'
  const store = STORES.find((name) => name === values.store)
  if (store === undefined) {
    throw new UsageError(`--store ${values.store}: one of ${STORES.join(', ')}`)
  }
  const database = DATABASES.find((name) => name === values.database)
  if (database === undefined) {
    throw new UsageError(`--database ${values.database}: one of ${DATABASES.join(', ')}`)
  }
  const edge = EDGES.find((name) => name === values.edge)
  if (edge === undefined && values.edge !== undefined) {
    throw new UsageError(`--edge ${values.edge}: one of ${EDGES.join(', ')}`)
  }
  if (edge === 'region' && (store !== 'redis' || database !== 'sqlite')) {
    throw new UsageError('--edge region: only with --store redis and --database sqlite')
  }
  return {
    ...(edge !== undefined && { edge }),
    seconds: positive('seconds', values.seconds),
    seed: values.seed ?? String(Math.floor(Math.random() * 1e9)),
    processes: positive('processes', values.processes),
    store,
    database,
    ...situations(values, faultsFor(store, database, edge))
  }
}

interface Situations {
  readonly faults?: string | undefined
  readonly workloads?: string | undefined
  readonly only?: string | undefined
}

function situations (
  { faults, workloads, only }: Situations,
  possible: readonly FaultKind[]
): Pick<Wish, 'faults' | 'workloads'> {
  const all = {
    faults: faultsOf(faults, possible),
    workloads: listOf('workloads', workloads, WORKLOAD_NAMES)
  }
  if (only === undefined) return all
  const fault = possible.find((kind) => kind === only)
  if (fault !== undefined) return { ...all, faults: [fault] }
  return {
    ...all,
    workloads: listOf('only', only, WORKLOAD_NAMES, [...possible, ...WORKLOAD_NAMES])
  }
}

function faultsOf (
  names: string | undefined,
  possible: readonly FaultKind[]
): readonly FaultKind[] {
  return names === 'none' ? [] : listOf('faults', names, possible)
}

/** @param shown the accepted values */
function listOf<T extends string> (
  option: string,
  names: string | undefined,
  possible: readonly T[],
  shown: readonly string[] = possible
): readonly T[] {
  return (
    names?.split(',').map((name) => {
      const found = possible.find((one) => one === name)
      if (found === undefined) {
        throw new UsageError(`--${option} ${name}: one of ${shown.join(', ')}`)
      }
      return found
    }) ?? possible
  )
}

function positive (name: string, text: string): number {
  const number = Number(text)
  if (!(Number.isInteger(number) && number > 0)) {
    throw new UsageError(`--${name} ${text}: a whole number, 1 or more`)
  }
  return number
}

function parsed (args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string' },
        processes: { type: 'string', default: '4' },
        store: { type: 'string', default: 'redis' },
        database: { type: 'string', default: 'sqlite' },
        edge: { type: 'string' },
        faults: { type: 'string' },
        workloads: { type: 'string' },
        only: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false }
      }
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
