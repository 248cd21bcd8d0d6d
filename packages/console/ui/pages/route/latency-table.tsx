import type { Outcome } from '@weir/metrics'
import { type Latency, type RouteFigures } from '../../model/api.js'
import { count, ms } from '../../model/format.js'
import { labelOf, OUTCOMES } from '../../model/outcomes.js'
import { type Column, DataTable, figureColumn } from '../../parts/data-table.js'
import { OutcomeName } from '../../parts/outcome.js'

interface Row {
  readonly outcome: Outcome
  readonly requests: number
  readonly latency: Latency
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'outcome',
    label: 'Outcome',
    isText: true,
    value: ({ outcome }) => labelOf(outcome),
    cell: ({ outcome }) => <OutcomeName outcome={outcome} />
  },
  figureColumn('requests', 'Requests', ({ requests }) => requests, count),
  figureColumn('p50', 'p50', ({ latency }) => latency.p50, ms),
  figureColumn('p99', 'p99', ({ latency }) => latency.p99, ms)
]

/** Number and latency of the requests of a route by outcome. */
export function LatencyTable ({ figures: { outcomes, latencies = {} } }: {
  figures: RouteFigures
}) {
  const rows = OUTCOMES.flatMap(({ outcome }): Row[] => {
    const latency = latencies[outcome]
    return latency === undefined ? [] : [{ outcome, requests: outcomes[outcome] ?? 0, latency }]
  })
  return (
    <section class='panel flush' aria-labelledby='latency'>
      <div class='panel-head'>
        <h2 id='latency'>Latency by outcome</h2>
      </div>
      <DataTable
        label='Requests and latency by outcome'
        rows={rows}
        rowKey={({ outcome }) => outcome}
        columns={COLUMNS}
        initial={{ column: 'requests', direction: 'descending' }}
      />
    </section>
  )
}
