import { useMemo } from 'preact/hooks'
import type { Outcome } from '@weir/metrics'
import { columns } from '../../model/columns.js'
import { type Exchange } from '../../model/exchange.js'
import { ms } from '../../model/format.js'
import { Chart, type ChartSeries } from '../../parts/chart.js'
import { useStored } from '../../state/use-stored.js'
import { answers } from './asked.js'

const KINDS: readonly {
  readonly series: ChartSeries
  readonly has: (outcome: Outcome) => boolean
}[] = [
  {
    series: { label: 'fresh, from the cache', color: 'l1', draw: 'points' },
    has: (outcome) => outcome === 'l1' || outcome === 'l2'
  },
  {
    series: { label: 'stale', color: 'stale', draw: 'points' },
    has: (outcome) => outcome === 'stale'
  },
  {
    series: { label: 'asked Open-Meteo', color: 'miss', draw: 'points' },
    has: (outcome) => outcome === 'miss' || outcome === 'coalesced'
  },
  {
    series: { label: 'failed', color: 'error', draw: 'points' },
    has: (outcome) => !['l1', 'l2', 'stale', 'miss', 'coalesced'].includes(outcome)
  }
]
const SERIES = KINDS.map(({ series }) => series)

/** Chart of response times, fresh and stale. */
export function ResponseTimes () {
  const all = useStored(answers)
  const drawn = useMemo(() => columns(
    all.map((exchange) => ({ ...exchange, at: exchange.sentAt })),
    KINDS.map(({ has }) => ({ outcome, ms }: Exchange) => has(outcome) ? ms : null),
    Infinity
  ), [all])
  return (
    <section class='panel'>
      <Chart
        title='Response time of each request from this browser'
        empty='No requests yet.'
        series={SERIES}
        columns={drawn}
        format={ms}
        y='log'
      />
    </section>
  )
}
