import { useMemo } from 'preact/hooks'
import { type History } from '../../model/api.js'
import { columns, historyParts } from '../../model/columns.js'
import { count, ms, percent } from '../../model/format.js'
import { type Range } from '../../model/ranges.js'
import { Chart, type ChartSeries } from '../../parts/chart.js'
import { Loaded } from '../../parts/loaded.js'
import { zoom } from '../../parts/range-picker.js'
import { type Query } from '../../state/use-query.js'

const EMPTY = 'No figures of that time.'

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
const RATIO: readonly ChartSeries[] = [{ label: 'hit ratio', color: 'l1' }]
const LATENCY: readonly ChartSeries[] = [
  { label: 'p50 of hits', color: 'l1' },
  { label: 'p50 computed', color: 'miss' },
  { label: 'p99 of all', color: 'muted' }
]
const SAVED: readonly ChartSeries[] = [{ label: 'handler time saved', color: 'l1', draw: 'area' }]

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
    <>
      <section class='panel'>
        <Chart
          zoom={zoom}
          title={`Requests per ${range.step} by outcome`}
          empty={EMPTY}
          series={REQUESTS}
          columns={requests}
          format={count}
          height={230}
        />
      </section>
      <div class='columns three'>
        <section class='panel'>
          <Chart
            zoom={zoom}
            title='Hit ratio'
            empty={EMPTY}
            series={RATIO}
            columns={ratio}
            format={percent}
            y='ratio'
          />
        </section>
        <section class='panel'>
          <Chart
            zoom={zoom}
            title='Latency'
            empty={EMPTY}
            series={LATENCY}
            columns={latency}
            format={ms}
            y='log'
          />
        </section>
        <section class='panel'>
          <Chart
            zoom={zoom}
            title={`Handler time saved per ${range.step}`}
            empty={EMPTY}
            series={SAVED}
            columns={saved}
            format={ms}
          />
        </section>
      </div>
    </>
  )
}
