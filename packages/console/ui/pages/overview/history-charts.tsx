import { useMemo } from 'preact/hooks'
import { type History } from '../../model/api.js'
import { columns, historyParts } from '../../model/columns.js'
import { count } from '../../model/format.js'
import { type Range } from '../../model/ranges.js'
import { type ChartSeries } from '../../parts/chart.js'
import { Loaded } from '../../parts/loaded.js'
import { type Query } from '../../state/use-query.js'
import { FourCharts } from './four-charts.js'

const EMPTY = 'No data for this period.'

export const REQUESTS: readonly ChartSeries[] = (
  [
    ['memory or store', 'l1'],
    ['coalesced', 'coalesced'],
    ['stale', 'stale'],
    ['computed', 'miss'],
    ['bypass', 'bypass'],
    ['no cache', 'uncached'],
    ['rate-limited', 'limited'],
    ['error', 'error']
  ] as const
).map(([label, color]) => ({ label, color, draw: 'area' }))

/** Charts of a longer time range, by the minute or the hour. */
export function HistoryCharts ({ history, range }: { history: Query<History>, range: Range }) {
  return (
    <Loaded query={history} what='The history'>
      {(value) => <Drawn history={value} range={range} />}
    </Loaded>
  )
}

function Drawn ({ history: { points }, range }: { history: History, range: Range }) {
  const gap = (range.step === 'minute' ? 60_000 : 3_600_000) * 2.5
  const requests = useMemo(() => columns(points, Object.values(historyParts), gap), [points])
  const ratio = useMemo(() => columns(points, [(point) => point.hitRatio], gap), [points])
  const latency = useMemo(
    () =>
      columns(
        points,
        [(point) => point.hitP50, (point) => point.missP50, (point) => point.p99],
        gap
      ),
    [points]
  )
  const saved = useMemo(() => columns(points, [(point) => point.savedMs], gap), [points])
  return (
    <FourCharts
      empty={EMPTY}
      requests={{
        title: `Requests per ${range.step} by outcome`,
        series: REQUESTS,
        columns: requests,
        format: count
      }}
      ratio={ratio}
      latency={latency}
      saved={{
        title: `Handler time saved per ${range.step}`,
        label: 'handler time saved',
        columns: saved
      }}
    />
  )
}
