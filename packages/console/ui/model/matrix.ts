import { type InstanceFigures } from './api.js'

/** Hits by serving and computing instance: one row per server, one column per filler. */
export interface Matrix {
  readonly fillers: readonly string[]
  readonly rows: readonly { readonly server: string, readonly hits: readonly number[] }[]
}

/** Builds the matrix. Runs of an instance are merged by name, so restarts do not split it. */
export function fillMatrix (instances: readonly InstanceFigures[]): Matrix {
  const servers = new Map<string, Map<string, number>>()
  const fillers = new Set<string>()
  for (const { instance, filledBy } of instances) {
    const row = servers.get(instance) ?? new Map<string, number>()
    servers.set(instance, row)
    for (const [filler, hits] of Object.entries(filledBy)) {
      fillers.add(filler)
      row.set(filler, (row.get(filler) ?? 0) + hits)
    }
  }
  const byName = new Intl.Collator('en', { numeric: true }).compare
  const columns = [...fillers].sort(byName)
  const rows = [...servers].filter(([, row]) => row.size > 0).sort(([a], [b]) => byName(a, b))
    .map(([server, row]) => ({ server, hits: columns.map((filler) => row.get(filler) ?? 0) }))
  return { fillers: columns, rows }
}
