import { type Invalidated } from '../../model/api.js'
import { count, time } from '../../model/format.js'
import { Scroll } from '../../parts/data-table.js'
import { live } from '../../state/live.js'
import { useDemo } from '../../state/services.js'
import { useStored } from '../../state/use-stored.js'

/** Shows the latest invalidations of all instances. */
export function Recent () {
  const { invalidations } = useStored(live.state)
  const isShop = useDemo('products') !== undefined
  return (
    <section class='panel flush' aria-labelledby='recent'>
      <div class='panel-head'>
        <h2 id='recent'>Live invalidations</h2>
        {invalidations.length > 0 && (
          <span class='small muted'>{count(invalidations.length)} since this page was opened</span>
        )}
      </div>
      {invalidations.length === 0
        ? (
          <p class='empty'>
            No invalidations since this page was opened. Writes invalidate the responses they
            change{isShop ? <>: <a href='#/shop'>edit a product</a></> : null}.
          </p>
          )
        : (
          <Scroll label='Invalidations, newest first' class='tall'>
            <table>
              <caption class='unseen'>Invalidations, newest first</caption>
              <thead>
                <tr>
                  <th scope='col'>Time</th>
                  <th scope='col'>By</th>
                  <th scope='col'>What</th>
                </tr>
              </thead>
              <tbody>
                {invalidations.toReversed().map((event, index) => (
                  <RecentRow key={invalidations.length - index} event={event} />
                ))}
              </tbody>
            </table>
          </Scroll>
          )}
    </section>
  )
}

const RecentRow = ({ event: { at, service, instance, tags } }: { event: Invalidated }) => (
  <tr>
    <td class='nowrap'>{time(at)}</td>
    <td class='nowrap'>{instance}</td>
    <td>{tags.length === 0 ? <>everything of {service}</> : <code class='wraps'>{tags.join(', ')}</code>}</td>
  </tr>
)
