import { type ComparedLoad, type Comparison, type SideFigures } from './comparison.js'

/** One figure for both sides. `isMore`: higher is better. */
export interface Row {
  readonly what: string
  readonly unit: string
  readonly cached: number
  readonly uncached: number
}

/** The main figures, side by side. */
export function rowsOf ({ loads, ends }: Comparison): Row[] {
  const row = (
    what: string,
    unit: string,
    name: ComparedLoad['name'],
    of: (side: SideFigures) => number
  ): Row[] => {
    const [cached, uncached] = loads.find((load) => load.name === name)?.sides ?? []
    return cached === undefined || uncached === undefined
      ? []
      : [{ what, unit, cached: of(cached), uncached: of(uncached) }]
  }
  const [on, off] = ends
  const end = (
    what: string,
    unit: string,
    of: (end: Comparison['ends'][number]) => number
  ): Row[] =>
    on === undefined || off === undefined
      ? []
      : [{ what, unit, cached: of(on), uncached: of(off) }]
  return [
    ...row('requests, as fast as it can', '/s', 'as fast as it can', ({ perSecond }) => perSecond),
    ...row('requests, at the same rate', '/s', 'same rate', ({ perSecond }) => perSecond),
    ...row('median, at the same rate', 'ms', 'same rate', ({ latency }) => latency?.p50 ?? NaN),
    ...row(
      '95th percentile, at the same rate',
      'ms',
      'same rate',
      ({ latency }) => latency?.p95 ?? NaN
    ),
    ...row(
      '99th percentile, at the same rate',
      'ms',
      'same rate',
      ({ latency }) => latency?.p99 ?? NaN
    ),
    ...row('CPU time a request, at the same rate', 'ms', 'same rate', cpuOf),
    ...row('CPU time a request, as fast as it can', 'ms', 'as fast as it can', cpuOf),
    ...row(
      'requests to the catalog for 100 of shoppers',
      '',
      'same rate',
      ({ reached, answered }) => per100(reached['catalog'], answered)
    ),
    ...row(
      'requests to the weather service for 100 of shoppers',
      '',
      'same rate',
      ({ reached, answered }) => per100(reached['weather'], answered)
    ),
    ...row(
      'commands to Redis, at the same rate',
      '/s',
      'same rate',
      ({ redisCommands, answered, perSecond }) => (redisCommands / answered) * perSecond
    ),
    ...row(
      'memory of both instances of the storefront',
      'MB',
      'as fast as it can',
      ({ processes }) =>
        megabytes(
          processes
            .filter(({ name }) => name.startsWith('storefront'))
            .reduce((sum, { rssBytes }) => sum + rssBytes, 0)
        )
    ),
    ...end('memory of Redis, at the end', 'MB', ({ redisBytes }) => megabytes(redisBytes)),
    ...end('median of a save', 'ms', ({ saveMedian }) => saveMedian),
    ...end('older versions after an acknowledged save', '', ({ older, unseen }) => older + unseen),
    ...row('errors, at the same rate', '', 'same rate', ({ errors }) => errors),
    ...row('errors, as fast as it can', '', 'as fast as it can', ({ errors }) => errors)
  ]
}

/** Milliseconds of CPU time of all processes per request. */
export const cpuOf = ({ processes, answered }: SideFigures): number =>
  processes.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0) / 1000 / answered

export const megabytes = (bytes: number): number => bytes / 1e6

const per100 = (count: number | undefined, answered: number): number =>
  (100 * (count ?? 0)) / answered

/** A figure in readable form: three digits. */
export const digits = (value: number): string =>
  Number.isNaN(value)
    ? '–'
    : value === 0
      ? '0'
      : value >= 100
        ? Math.round(value).toLocaleString('en')
        : value.toPrecision(value < 1 ? 2 : 3)
