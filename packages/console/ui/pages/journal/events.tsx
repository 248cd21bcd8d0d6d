import { eventsRequest, type JournalPage, type JournalView, wordsText } from '../../model/journal.js'
import { plural } from '../../model/meaning.js'
import { bounds } from '../../model/ranges.js'
import { CsvButton } from '../../parts/csv-button.js'
import { TableFoot } from '../../parts/data-table.js'
import { Loaded } from '../../parts/loaded.js'
import { useRange } from '../../parts/range-picker.js'
import { headersOf, type Identity } from '../../state/identity.js'
import { useQuery } from '../../state/use-query.js'
import { Gaps, Timeline } from './timeline.js'

const EVERY_MS = 5000
/** Default range of a list. */
export const RANGE = '1h'

/** Events of the journal that match the view, newest first. */
export function EventsOf ({ view, identity }: { view: JournalView, identity: Identity }) {
  const range = useRange(RANGE)
  const found = useQuery<JournalPage>(
    `${identity.id} ${eventsRequest(view, range.id)}`,
    (now) => eventsRequest(view, bounds(range, now)),
    EVERY_MS,
    headersOf(identity)
  )
  return (
    <Loaded query={found} what='The journal'>
      {({ events, complete, gaps }) => (
        <>
          <Gaps gaps={gaps} />
          <section class='panel flush' aria-labelledby='journal-events'>
            <div class='panel-head'>
              <h2 id='journal-events'>{plural(events.length, 'event')} {range.within}</h2>
              {!complete && <span class='small muted'>These are the newest of more.</span>}
            </div>
            {events.length === 0
              ? <p class='empty'>No such events {range.within}.</p>
              : <Timeline events={events} view={view} label='Events, newest first' />}
            <TableFoot>
              <CsvButton
                title='Journal'
                table={() => ({
                  header: ['time', 'event', 'instance', 'url', 'request', 'client', 'what'],
                  rows: events.map(({ at, kind, instance, url, request, text }) => [
                    new Date(at).toISOString(),
                    kind,
                    instance,
                    url,
                    request?.id ?? null,
                    request?.client ?? null,
                    wordsText(text)
                  ])
                })}
              />
            </TableFoot>
          </section>
        </>
      )}
    </Loaded>
  )
}
