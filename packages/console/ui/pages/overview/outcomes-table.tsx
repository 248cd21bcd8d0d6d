import { type OutcomeSummary } from '../../model/api.js'
import { count, ms } from '../../model/format.js'
import { labelOf, OUTCOMES } from '../../model/outcomes.js'
import { Bar } from '../../parts/bars.js'
import { CsvButton } from '../../parts/csv-button.js'
import { Scroll, TableFoot } from '../../parts/data-table.js'
import { OutcomeName } from '../../parts/outcome.js'
import { Term } from '../../parts/term.js'

const order = OUTCOMES.map(({ outcome }) => outcome)

/** Number and latency of requests by outcome. */
export function OutcomesTable ({ outcomes }: { outcomes: readonly OutcomeSummary[] }) {
  const shown = outcomes
    .filter((row) => row.count > 0)
    .toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome))
  const most = Math.max(...shown.map((row) => row.count))
  if (shown.length === 0) {
    return <p class='empty'>No requests yet. <a href='#/welcome'>Send demo traffic</a>.</p>
  }
  return (
    <>
      <Scroll label='Table of requests by outcome'>
        <table class='outcomes'>
          <caption class='unseen'>Requests by outcome</caption>
          <thead>
            <tr>
              <th scope='col'>Outcome</th>
              <th scope='col' class='number'>
                <Term id='requests'>Requests</Term>
              </th>
              <td class='bar-column' />
              <th scope='col' class='number'>
                <Term id='p50'>p50</Term>
              </th>
              <th scope='col' class='number'>
                <Term id='p99'>p99</Term>
              </th>
              <th scope='col' class='number'>
                <Term id='saved'>Saved</Term>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.outcome}>
                <th scope='row'>
                  <Term id={row.outcome}>
                    <OutcomeName outcome={row.outcome} />
                  </Term>
                </th>
                <td class='number'>{count(row.count)}</td>
                <td class='bar-column'>
                  <Bar part={row.count / most} color={row.outcome} />
                </td>
                <td class='number'>{ms(row.latency.p50)}</td>
                <td class='number'>{ms(row.latency.p99)}</td>
                <td class='number'>{row.savedMs > 0 ? ms(row.savedMs) : ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <TableFoot>
        <CsvButton
          title='Requests by outcome'
          table={() => ({
            header: ['outcome', 'requests', 'p50 ms', 'p90 ms', 'p99 ms', 'saved ms'],
            rows: shown.map(({ outcome, count, latency, savedMs }) => [
              labelOf(outcome),
              count,
              latency.p50,
              latency.p90,
              latency.p99,
              savedMs
            ])
          })}
        />
      </TableFoot>
    </>
  )
}
