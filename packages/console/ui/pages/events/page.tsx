import { type FleetEvent } from '../../model/api.js'
import { filterIn, kindOf } from '../../model/events.js'
import { dateTime } from '../../model/format.js'
import { hashOf } from '../../model/hash.js'
import { bounds } from '../../model/ranges.js'
import { CsvButton } from '../../parts/csv-button.js'
import { TableFoot } from '../../parts/data-table.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { RangePicker, useRange } from '../../parts/range-picker.js'
import { Tags } from '../../parts/tags.js'
import { Term } from '../../parts/term.js'
import { place } from '../../state/place.js'
import { type EventList, useEvents } from '../../state/use-events.js'
import { useStored } from '../../state/use-stored.js'
import { Filters } from './filters.js'

/** Default range: the retention of events. */
const ALL = '30d'

/** The live event log of the fleet, filtered by the address. */
export function EventsPage () {
  const filter = filterIn(useStored(place).query)
  const range = useRange(ALL)
  const isFixed = range.to !== undefined
  const time = range.id === ALL ? '' : bounds(range, Date.now())
  const events = useEvents(filter, time, isFixed)
  return (
    <Page title='Events' tools={<RangePicker fallback={ALL} />}>
      <p class='lead'>
        Instances that started, ended or were killed, outages, circuit breakers and invalidations.
        Events are kept for 30 days.
      </p>
      <Filters filter={filter} />
      <Loaded query={events.query} what='Events'>
        {(shown) => (
          <section class='panel flush'>
            {shown.length === 0
              ? <p class='empty'>No such events {range.within}.</p>
              : <EventItems shown={shown} events={events} />}
          </section>
        )}
      </Loaded>
    </Page>
  )
}

function EventItems ({ shown, events }: { shown: readonly FleetEvent[], events: EventList }) {
  return (
    <>
      <ol class='events' aria-label='Events, newest first'>
        {shown.map((event) => (
          <Item key={event.id} event={event} />
        ))}
      </ol>
      <TableFoot>
        {events.hasMore && (
          <button
            class='button compact'
            type='button'
            disabled={events.isLoading}
            onClick={() => events.loadMore()}
          >
            Load older events
          </button>
        )}
        <CsvButton
          title='Events'
          table={() => ({
            header: ['time', 'event', 'service', 'instance', 'namespace', 'tags', 'about'],
            rows: shown.map(({ at, kind, service, instance, namespace, tags, about }) => [
              new Date(at).toISOString(),
              kind,
              service,
              instance,
              namespace,
              tags.join(' '),
              about
            ])
          })}
        />
      </TableFoot>
    </>
  )
}

function Item ({ event }: { event: FleetEvent }) {
  const { at, kind, service, instance, about, namespace, tags } = event
  const { label, tone, term } = kindOf(kind) ?? { label: kind, tone: 'plain', term: 'invalidated' }
  return (
    <li>
      <time dateTime={new Date(at).toISOString()}>{dateTime(at)}</time>
      <span class='event' data-tone={tone}>
        <Term id={term}>{label}</Term>
      </span>
      {instance !== null && service !== null && (
        <a href={hashOf(['events'], { service, instance })} title='Events of this instance'>
          {instance}
        </a>
      )}
      <span class='event-details'>
        {about}
        {kind === 'invalidated' && (
          <>
            {tags.length === 0 ? 'whole namespace ' : 'in '}
            <code>{namespace}</code> <Tags tags={tags} most={8} />
          </>
        )}
      </span>
    </li>
  )
}
