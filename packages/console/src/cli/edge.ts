import { redisStore } from '@weir/metrics/redis'
import { askEdge } from '../edge/ask.js'
import { edgesOf, type KnownLetter, type ServiceEdge } from '../edge/edges.js'
import { type Io, UsageError } from './command.js'
import { define, Failure, printJson, REDIS } from './define.js'
import { withRedis } from './redis.js'
import { age, printable, table } from './table.js'

/** Milliseconds for which an instance's report counts: they report once a second. */
const RECENT = 10_000

/** `weir edge`: caches beyond fleets, and purges that were given up. */
export const edge = define({
  name: 'edge',
  summary: 'State of CDNs and proxies, and purges that were given up',
  usage: `[options]

  --service S      only this service
  --destination D  only this destination
  --retry          deliver the dead letters shown again
  --discard        forget the dead letters shown
  --redis URL      default REDIS_URL
  --prefix P       of the store; default weir
  --json           for scripts`,
  options: {
    ...REDIS,
    service: { type: 'string' },
    destination: { type: 'string' },
    retry: { type: 'boolean' },
    discard: { type: 'boolean' }
  },
  async run (given, io) {
    const actions = (['retry', 'discard'] as const).filter((name) => given.flag(name))
    if (actions.length > 1) throw new UsageError('--retry and --discard exclude each other')
    const [action] = actions
    return withRedis(given, io, async (location) => {
      const metrics = redisStore({ ...location, prefix: given.text('prefix') ?? 'weir' })
      try {
        const states = (await metrics.instances())
          .filter(({ at, endedAt }) => endedAt === undefined && at > Date.now() - RECENT)
        const shown = selected(edgesOf(states), given.text('service'), given.text('destination'))
        if (action !== undefined) {
          const { requests } = metrics
          for (const { service, letters } of shown) {
            if (requests !== undefined) await askOwners(requests, service, action, letters)
          }
        }
        print(io, shown, { action, isJson: given.flag('json') })
        return 0
      } finally {
        await metrics.close()
      }
    })
  }
})

/** Returns the edges with a service and destination; undefined: any. */
function selected (
  edges: readonly ServiceEdge[], service: string | undefined, destination: string | undefined
): ServiceEdge[] {
  const isWanted = (one: { readonly destination: string }) =>
    destination === undefined || one.destination === destination
  return edges
    .filter((edge) => service === undefined || edge.service === service)
    .map((edge) => ({
      ...edge,
      destinations: edge.destinations.filter(isWanted),
      letters: edge.letters.filter(isWanted)
    }))
    .filter(({ destinations }) => destinations.length > 0)
}

async function askOwners (
  requests: Parameters<typeof askEdge>[0],
  service: string,
  action: 'retry' | 'discard',
  letters: readonly KnownLetter[]
): Promise<void> {
  for (const owner of new Set(letters.map(({ instance }) => instance))) {
    const own = letters.filter(({ instance }) => instance === owner)
      .map(({ destination, id }) => ({ destination, id }))
    if (await askEdge(requests, { service, instance: owner }, { action, letters: own })) continue
    throw new Failure(
      `No instance of ${service} has taken the request yet: it stays for up to a day`,
      'WEIR_CLI_NOT_TAKEN')
  }
}

function print (
  io: Io,
  edges: readonly ServiceEdge[],
  { action, isJson }: { readonly action: string | undefined, readonly isJson: boolean }
): void {
  if (isJson) return printJson(io, { services: edges, ...(action !== undefined && { action }) })
  if (edges.length === 0) {
    io.stdout.write('No live instance reports an edge.\n')
    return
  }
  io.stdout.write(table(
    ['SERVICE', 'DESTINATION', 'STATE', 'PENDING', 'OLDEST', 'DEAD', 'ERROR'],
    edges.flatMap(({ service, destinations }) => destinations.map((one) => [
      printable(service), printable(one.destination), one.state, String(one.pending),
      one.pending === 0 ? '-' : age(one.oldestMs), String(one.dead), printable(one.error ?? '-')
    ])),
    [3, 4, 5],
    io.columns
  ))
  const letters = edges.flatMap(({ service, letters }) =>
    letters.map((one) => ({ service, ...one })))
  if (letters.length === 0) {
    if (action !== undefined) io.stdout.write(`\nNo dead letters to ${action}.\n`)
    return
  }
  io.stdout.write(`\n${action === undefined ? 'Dead letters' : `Asked to ${action}`}:\n`)
  io.stdout.write(table(
    ['DIED', 'SERVICE', 'DESTINATION', 'TAG', 'ERROR'],
    letters.map(({ died, service, destination, tag, error }) =>
      [died, service, destination, tag, error].map(printable)),
    [],
    io.columns
  ))
}
