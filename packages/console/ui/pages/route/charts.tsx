import { useMemo } from 'preact/hooks'
import { type History, type HistoryPoint } from '../../model/api.js'
import { columns, historyParts } from '../../model/columns.js'
import { count, ms, percent } from '../../model/format.js'
import { OUTCOMES } from '../../model/outcomes.js'
import { bounds, type Range } from '../../model/ranges.js'
import { type ChartSeries } from '../../parts/chart.js'
import { Loaded } from '../../parts/loaded.js'
import { useQuery } from '../../state/use-query.js'
import { Panel } from '../overview/four-charts.js'
import { REQUESTS } from '../overview/history-charts.js'

const EMPTY = 'No data for this period.'
const RATIO: readonly ChartSeries[] = [{ label: 'hit ratio', color: 'l1' }]

/**
 * Charts of the history of a route.
 *
 * @param which query that selects the route
 */
export function RouteCharts ({ which, range }: { which: string, range: Range }) {
  const history = useQuery<History>(
    `${which} ${range.id}`,
    (now) => `api/stats/history?${which}&${bounds(range, now)}&step=${range.step}`,
    30_000
  )
  return (
    <Loaded query={history} what='The history'>
      {(value) => <Drawn points={value.points} step={range.step} />}
    </Loaded>
  )
}

function Drawn ({ points, step }: { points: readonly HistoryPoint[], step: Range['step'] }) {
  const gap = (step === 'minute' ? 60_000 : 3_600_000) * 2.5
  const requests = useMemo(() => columns(points, Object.values(historyParts), gap), [points])
  const ratio = useMemo(() => columns(points, [({ hitRatio }) => hitRatio], gap), [points])
  const outcomes = useMemo(
    () => OUTCOMES.filter(({ outcome }) => points.some(({ latency }) => latency?.[outcome])),
    [points]
  )
  const series = outcomes.map(({ outcome, label }): ChartSeries => ({ label, color: outcome }))
  const latency = (which: 'p50' | 'p99') =>
    columns(
      points,
      outcomes.map(
        ({ outcome }) =>
          (point: HistoryPoint) =>
            point.latency?.[outcome]?.[which]
      ),
      gap
    )
  const p50 = useMemo(() => latency('p50'), [points])
  const p99 = useMemo(() => latency('p99'), [points])
  return (
    <>
      <div class='columns'>
        <Panel
          title={`Requests per ${step} by outcome`}
          empty={EMPTY}
          series={REQUESTS}
          columns={requests}
          format={count}
        />
        <Panel
          title='Hit ratio'
          empty={EMPTY}
          series={RATIO}
          columns={ratio}
          format={percent}
          y='ratio'
        />
      </div>
      {outcomes.length > 0 && (
        <div class='columns'>
          {([['p50', p50], ['p99', p99]] as const).map(([which, columns]) => (
            <Panel
              key={which}
              title={`${which} latency by outcome`}
              empty={EMPTY}
              series={series}
              columns={columns}
              format={ms}
              y='log'
            />
          ))}
        </div>
      )}
    </>
  )
}
