import { hostname, userInfo } from 'node:os'
import { reasonOf } from '@weir/internal'
import type { MetricsStore } from '@weir/metrics'
import { type AskedEdge, purgeEdges } from '../edge/ask.js'
import { edgesOf } from '../edge/edges.js'
import { commandFacts, Purges } from '../journal/purges.js'
import { type Entries } from '../keys/entries.js'
import { type Io, UsageError } from './command.js'
import { define, Failure, printJson, REDIS } from './define.js'
import { printable } from './table.js'
import { withEntries } from './with-entries.js'

/** `weir purge`: invalidates entries for every instance. */
export const purge = define({
  name: 'purge',
  summary: 'Invalidate entries by tag or key, for every instance',
  usage: `--tag T [--tag T…] [--key K…] [options]

  --tag T        invalidates the entries that carry the tag
  --key K        invalidates the entry under the key
  --namespace N  the cache; default responses
  --redis URL    default REDIS_URL
  --prefix P     of the store; default weir
  --json         for scripts`,
  options: {
    ...REDIS,
    namespace: { type: 'string' },
    tag: { type: 'string', multiple: true },
    key: { type: 'string', multiple: true }
  },
  async run (given, io) {
    const namespace = given.text('namespace') ?? 'responses'
    const [tags, keys] = [given.texts('tag'), given.texts('key')]
    if (tags.length + keys.length === 0) {
      throw new UsageError('Nothing to purge: give --tag T or --key K')
    }
    const began = performance.now()
    const { tookMs, edge } = await withEntries(given, io, async (entries, metrics, journal) => {
      await checkNamespace(entries, namespace)
      const made = await entries.invalidate(namespace, tags, keys)
      const tookMs = Math.round(performance.now() - began)
      const purges = new Purges(journal, `weir@${hostname()}`)
      await purges.record(namespace, made, commandFacts('purge', `${userName()}@${hostname()}`))
      await purges.close()
      return { tookMs, edge: await passedOn(metrics, { namespace, tags, keys }, io) }
    })
    if (given.flag('json')) {
      printJson(io, { namespace, tags, keys, tookMs, edge })
      return 0
    }
    const names = [...tags, ...keys].map(printable).join(', ')
    io.stdout.write(`Invalidated in ${namespace}: ${names}\n`)
    io.stdout.write(`No instance serves the old entries (${tookMs} ms).\n`)
    for (const { service, done } of edge) {
      io.stdout.write(done
        ? `The caches at the edge of ${printable(service)} are being purged by one of ` +
          'its instances.\n'
        : `The caches at the edge of ${printable(service)} may serve them still: no instance has taken ` +
          'the request to purge them yet. It stays for up to a day.\n')
    }
    return 0
  }
})

/** Returns the user of the system; a container may have none. */
function userName (): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown'
  }
}

/** Asks the services that have an edge to purge it: this command does not reach it. */
async function passedOn (
  metrics: MetricsStore, what: Parameters<typeof purgeEdges>[2], io: Io
): Promise<AskedEdge[]> {
  // A user that may invalidate may lack the right to read the metrics.
  const states = await metrics.instances().catch((error: unknown) => {
    io.stderr.write(
      'The fleet\'s caches only: whether an edge exists is not known, because the metrics cannot be ' +
      `read: ${printable(reasonOf(error))}\n`)
    return []
  })
  return purgeEdges(metrics.requests, edgesOf(states), what)
}

/** Fails for a namespace without entries: invalidating there has no effect, and creates it. */
async function checkNamespace (entries: Entries, namespace: string): Promise<void> {
  // A user that may invalidate may lack the right to scan.
  const found = await entries.namespaces().catch(() => undefined)
  if (found === undefined || !found.complete || found.names.includes(namespace)) return
  const names = found.names.length === 0 ? 'none' : found.names.join(', ')
  throw new Failure(
    `Nothing was invalidated: no cache has the namespace ${namespace}. There are: ${names}`,
    'WEIR_CLI_NO_NAMESPACE'
  )
}
