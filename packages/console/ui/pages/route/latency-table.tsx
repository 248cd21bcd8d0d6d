import type { Outcome } from '@weir/metrics'
import { type Latency, type RouteFigures } from '../../model/api.js'
import { count, ms } from '../../model/format.js'
import { labelOf, OUTCOMES } from '../../model/outcomes.js'
import { type Column, DataTable } from '../../parts/data-table.js'
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
  {
    id: 'requests',
    label: 'Requests',
    term: 'requests',
    value: ({ requests }) => requests,
    cell: ({ requests }) => count(requests)
  },
  {
    id: 'p50',
    label: 'p50',
    term: 'p50',
    value: ({ latency }) => latency.p50,
    cell: ({ latency }) => ms(latency.p50)
  },
  {
    id: 'p99',
    label: 'p99',
    term: 'p99',
    value: ({ latency }) => latency.p99,
    cell: ({ latency }) => ms(latency.p99)
  }
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
