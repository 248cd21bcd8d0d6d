import { useMemo } from 'preact/hooks'
import { type History } from '../../model/api.js'
import { columns, gapAfter, samplesOf } from '../../model/columns.js'
import { rate } from '../../model/format.js'
import { OUTCOMES } from '../../model/outcomes.js'
import { type ChartSeries } from '../../parts/chart.js'
import { live } from '../../state/live.js'
import { type Query } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'
import { FourCharts } from './four-charts.js'

const EMPTY = 'The first figures arrive within two seconds.'

const outcomes = OUTCOMES.filter(({ outcome }) => outcome !== 'refill')
const REQUESTS = outcomes.map(({ outcome, label }): ChartSeries => ({
  label,
  color: outcome,
  draw: 'area'
}))

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
    <FourCharts
      empty={EMPTY}
      requests={{
        title: 'Requests/s by outcome',
        series: REQUESTS,
        columns: requests,
        format: rate
      }}
      ratio={ratio}
      latency={latency}
      saved={{ title: 'Handler time saved', label: 'saved per second', columns: saved }}
    />
  )
}

/** Replaces values that a logarithmic scale cannot show with null. */
const positive = (value: number | null): number | null =>
  value === null || value <= 0 ? null : value
