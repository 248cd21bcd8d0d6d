/** Times are in ms of the machine's monotonic clock, which all processes share. */
export interface Read {
  readonly type: 'read'
  readonly process: number
  readonly query: string
  readonly began: number
  readonly ended: number
  /** Version by row. */
  readonly rows: Readonly<Record<number, number>>
  /** Whether the database answered, because the cache could not be used. */
  readonly isBypass: boolean
}

/** A write whose transaction was acknowledged. */
export interface Write {
  readonly type: 'write'
  readonly process: number
  readonly row: number
  readonly version: number
  readonly acknowledged: number
}

/** Messages of a process. */
export type Told =
  Read | Write | { readonly type: 'ready' } | { readonly type: 'wrong'; readonly what: string }

/** Describes the faults of a history. */
export function problemsOf (history: readonly Told[]): string[] {
  const problems = history.filter((told) => told.type === 'wrong').map(({ what }) => what)
  const reads = history.filter((told) => told.type === 'read')
  const writes = history.filter((told) => told.type === 'write')
  const known = [
    ...writes.map(({ row, version, acknowledged, process }) => ({
      row,
      version,
      at: acknowledged,
      what: `process ${process} had an acknowledgement of`
    })),
    ...reads
      .filter(({ isBypass }) => !isBypass)
      .flatMap(({ rows, ended, process, query }) =>
        Object.entries(rows).map(([row, version]) => ({
          row: Number(row),
          version,
          at: ended,
          what: `process ${process} had read (${query})`
        }))
      )
  ].sort((a, b) => a.at - b.at)
  // The newest known version of each row over time.
  const newest = new Map<number, (typeof known)[number]>()
  let place = 0
  for (const { rows, began, process, query } of reads.sort((a, b) => a.began - b.began)) {
    for (let next = known[place]; next !== undefined && next.at < began; next = known[++place]) {
      if (next.version > (newest.get(next.row)?.version ?? 0)) newest.set(next.row, next)
    }
    for (const [row, version] of Object.entries(rows)) {
      const known = newest.get(Number(row))
      if (known === undefined || known.version <= version) continue
      problems.push(
        `process ${process} read version ${version} of row ${row} (${query}) ${(began - known.at).toFixed(1)} ms after ${known.what} version ${known.version}`
      )
    }
  }
  return problems
}
