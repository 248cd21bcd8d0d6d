import { useMemo } from 'preact/hooks'
import { columns, outcomeRate } from '../../model/columns.js'
import { bytes, ms, percent, rate } from '../../model/format.js'
import { OUTCOMES } from '../../model/outcomes.js'
import { Chart, type ChartSeries } from '../../parts/chart.js'
import { live } from '../../state/live.js'
import { useStored } from '../../state/use-stored.js'

const EMPTY = 'The first figures come within a second or two.'
/** A tick a second: where two are missing, nobody knows what was. */
const GAP_MS = 2500

const outcomes = OUTCOMES.filter(({ outcome }) => outcome !== 'refill')
const REQUESTS = outcomes.map(({ outcome, label }): ChartSeries => ({ label, color: outcome, draw: 'area' }))
const RATIO: readonly ChartSeries[] = [{ label: 'hit ratio', color: 'l1' }]
const LATENCY: readonly ChartSeries[] = [
  { label: 'memory', color: 'l1' }, { label: 'store', color: 'l2' }, { label: 'computed', color: 'miss' }, { label: 'all, 99th percentile', color: 'muted' }
]
const MEMORY: readonly ChartSeries[] = [{ label: 'memory', color: 'l2' }]

/** The last minutes, by the second. */
export function LiveCharts () {
  const { ticks } = useStored(live.state)
  const requests = useMemo(() => columns(ticks, outcomes.map(({ outcome }) => outcomeRate(outcome)), GAP_MS), [ticks])
  const ratio = useMemo(() => columns(ticks, [(tick) => tick.hitRatio], GAP_MS), [ticks])
  const latency = useMemo(() => columns(ticks, [
    ({ latency }) => positive(latency.l1?.p50), ({ latency }) => positive(latency.l2?.p50), ({ latency }) => positive(latency.miss?.p50),
    ({ latency }) => positive(latency.all?.p99)
  ], GAP_MS), [ticks])
  const memory = useMemo(() => columns(ticks, [(tick) => tick.redis?.usedMemoryBytes], GAP_MS), [ticks])
  const hasRedis = ticks.some(({ redis }) => redis !== null)
  return (
    <>
      <section class='panel'>
        <Chart title='Requests a second, by how they were answered' empty={EMPTY} series={REQUESTS} columns={requests} format={rate} height={230} />
      </section>
      <div class='columns three'>
        <section class='panel'><Chart title='Hit ratio' empty={EMPTY} series={RATIO} columns={ratio} format={percent} y='ratio' /></section>
        <section class='panel'><Chart title='Latency: median by where from' empty={EMPTY} series={LATENCY} columns={latency} format={ms} y='log' /></section>
        {hasRedis && <section class='panel'><Chart title='Memory of Redis' empty={EMPTY} series={MEMORY} columns={memory} format={bytes} y='free' /></section>}
      </div>
    </>
  )
}

/** A logarithmic scale has no zero. */
const positive = (value: number | null | undefined): number | null => value === undefined || value === null || value <= 0 ? null : value
