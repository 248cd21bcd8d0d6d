import { useMemo } from 'preact/hooks'
import { type History } from '../../model/api.js'
import { columns, gapAfter, samplesOf } from '../../model/columns.js'
import { ms, percent, rate } from '../../model/format.js'
import { OUTCOMES } from '../../model/outcomes.js'
import { Chart, type ChartSeries } from '../../parts/chart.js'
import { zoom } from '../../parts/range-picker.js'
import { live } from '../../state/live.js'
import { type Query } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'

const EMPTY = 'The first figures arrive within two seconds.'

const outcomes = OUTCOMES.filter(({ outcome }) => outcome !== 'refill')
const REQUESTS = outcomes.map(({ outcome, label }): ChartSeries => ({
  label,
  color: outcome,
  draw: 'area'
}))
const RATIO: readonly ChartSeries[] = [{ label: 'hit ratio', color: 'l1' }]
const LATENCY: readonly ChartSeries[] = [
  { label: 'p50 of hits', color: 'l1' },
  { label: 'p50 computed', color: 'miss' },
  { label: 'p99 of all', color: 'muted' }
]
const SAVED: readonly ChartSeries[] = [{ label: 'saved per second', color: 'l1', draw: 'area' }]

/**
 * Charts of the last 15 minutes: by the minute from history, then by the second while the page is
 * open.
 */
export function LiveCharts ({ history }: { history: Query<History> }) {
  const { ticks } = useStored(live.state)
  const points = history.value?.points
  const samples = useMemo(() => samplesOf(points ?? [], ticks, Date.now()), [points, ticks])
  const requests = useMemo(
    () =>
      columns(
        samples,
        outcomes.map(
          ({ outcome }) =>
            ({ rates }) =>
              rates[outcome] ?? 0
        ),
        gapAfter
      ),
    [samples]
  )
  const ratio = useMemo(() => columns(samples, [(sample) => sample.hitRatio], gapAfter), [samples])
  const latency = useMemo(() => columns(samples, [
    ({ hitP50 }) => positive(hitP50), ({ missP50 }) => positive(missP50), ({ p99 }) => positive(p99)
  ], gapAfter), [samples])
  const saved = useMemo(() => columns(samples, [({ savedMs }) => savedMs], gapAfter), [samples])
  return (
    <>
      <section class='panel'>
        <Chart
          zoom={zoom}
          title='Requests/s by outcome'
          empty={EMPTY}
          series={REQUESTS}
          columns={requests}
          format={rate}
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
            title='Handler time saved'
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

/** Replaces values that a logarithmic scale cannot show with null. */
const positive = (value: number | null): number | null =>
  value === null || value <= 0 ? null : value
