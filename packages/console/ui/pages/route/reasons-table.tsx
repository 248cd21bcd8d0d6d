import { count } from '../../model/format.js'
import { reasonOf } from '../../model/reasons.js'
import { type Column, DataTable } from '../../parts/data-table.js'

interface Row {
  readonly name: string
  readonly times: number
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'reason',
    label: 'Reason',
    term: 'reasons',
    isText: true,
    value: ({ name }) => name,
    cell: ({ name }) => <code>{name}</code>
  },
  {
    id: 'times',
    label: 'Responses',
    value: ({ times }) => times,
    cell: ({ times }) => count(times)
  },
  {
    id: 'advice',
    label: 'Meaning, and what to do',
    isText: true,
    value: ({ name }) => name,
    csv: ({ name }) => `${sentence(reasonOf(name).words)} ${reasonOf(name).advice}`,
    cell: ({ name }) => {
      const { words, advice, isProblem = false } = reasonOf(name)
      return (
        <span class='prose' data-problem={isProblem}>
          <b>{sentence(words)}</b> {advice}
        </span>
      )
    }
  }
]

/** Reasons why responses of a route were not stored, with advice for each. */
export function ReasonsTable ({ reasons }: { reasons: Readonly<Record<string, number>> }) {
  const rows = Object.entries(reasons).map(([name, times]): Row => ({ name, times }))
  return (
    <section class='panel flush' aria-labelledby='reasons'>
      <div class='panel-head'>
        <h2 id='reasons'>Responses that were not stored</h2>
      </div>
      {rows.length === 0
        ? (
          <p class='empty'>The cache was used for every request that reached it.</p>
          )
        : (
          <DataTable
            label='Reasons that responses were not stored'
            rows={rows}
            rowKey={({ name }) => name}
            columns={COLUMNS}
            initial={{ column: 'times', direction: 'descending' }}
          />
          )}
    </section>
  )
}

/** @example sentence('the request has a body') // 'The request has a body.' */
const sentence = (clause: string): string => `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`
