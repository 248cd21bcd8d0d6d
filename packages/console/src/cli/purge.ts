import { UsageError } from './command.js'
import { define, printJson, REDIS } from './define.js'
import { printable } from './table.js'
import { withEntries } from './with-entries.js'

/** `weir purge`: invalidates entries for every instance. */
export const purge = define({
  name: 'purge',
  summary: 'Invalidate entries by tag or key, for every instance',
  usage: `--tag T [--tag T…] [--key K…] [options]

  --tag T        entries that carry the tag end
  --key K        the entry under the key ends
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
    await withEntries(given, io, (entries) => entries.invalidate(namespace, tags, keys))
    const tookMs = Math.round(performance.now() - began)
    if (given.flag('json')) {
      printJson(io, { namespace, tags, keys, tookMs })
      return 0
    }
    const names = [...tags, ...keys].map(printable).join(', ')
    io.stdout.write(`Invalidated in ${namespace}: ${names}\n`)
    io.stdout.write(`No instance serves the old entries (${tookMs} ms).\n`)
    return 0
  }
})
