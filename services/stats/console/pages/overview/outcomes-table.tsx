import { type OutcomeSummary } from '../../model/api.js'
import { count, ms } from '../../model/format.js'
import { OUTCOMES } from '../../model/outcomes.js'
import { Bar } from '../../parts/bars.js'
import { Scroll } from '../../parts/data-table.js'
import { OutcomeName } from '../../parts/outcome.js'

const order = OUTCOMES.map(({ outcome }) => outcome)

/** How many were answered how, and how long that took. */
export function OutcomesTable ({ outcomes }: { outcomes: readonly OutcomeSummary[] }) {
  const shown = outcomes.filter((row) => row.count > 0).toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome))
  const most = Math.max(...shown.map((row) => row.count))
  if (shown.length === 0) {
    return <p class='empty'>No requests yet. <a href='#/try'>Send one</a>, or put load on the suite.</p>
  }
  return (
    <Scroll label='Requests by how they were answered'>
      <table>
        <caption class='unseen'>Requests by how they were answered</caption>
        <thead>
          <tr>
            <th scope='col'>Answered</th><th scope='col' class='number'>Requests</th><td />
            <th scope='col' class='number'>Median</th><th scope='col' class='number'>99 %</th><th scope='col' class='number'>Saved</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={row.outcome} title={OUTCOMES.find(({ outcome }) => outcome === row.outcome)?.meaning}>
              <th scope='row'><OutcomeName outcome={row.outcome} /></th>
              <td class='number'>{count(row.count)}</td>
              <td><Bar part={row.count / most} color={row.outcome} /></td>
              <td class='number'>{ms(row.latency.p50)}</td>
              <td class='number'>{ms(row.latency.p99)}</td>
              <td class='number'>{row.savedMs > 0 ? ms(row.savedMs) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}
