import { dateTime } from '../../model/format.js'
import {
  clockMs, type Conditions, type JournalEvent, type JournalGap, journalAddress, type JournalView,
  kindLabel
} from '../../model/journal.js'
import { Words } from './words.js'

type Shown = JournalEvent & { readonly decisive?: boolean }

/** Events with the conditions that find more of their kind. */
export const Timeline = ({ events, view, label }: {
  events: readonly Shown[]
  view: JournalView
  label: string
}) => (
  <ol class='events journal' aria-label={label}>
    {events.map((event, index) => <Item key={`${event.at} ${index}`} event={event} view={view} />)}
  </ol>
)

function Item ({ event, view: { namespace } }: { event: Shown, view: JournalView }) {
  const { at, kind, instance, request, clients, decisive = false } = event
  const to = (conditions: Conditions) => journalAddress({ namespace, conditions })
  return (
    <li data-decisive={decisive}>
      <time dateTime={new Date(at).toISOString()} title={dateTime(at)}>{clockMs(at)}</time>
      <span class='event' data-tone={TONES[kind]}>{kindLabel(kind)}</span>
      <a href={to({ instance })} title='Events of this instance'>{instance}</a>
      <span class='event-details'>
        <Words words={event.text} />
        {decisive && <span class='unseen'> (the answer rests on it)</span>}
        <span class='small muted journal-links'>
          {request !== null && <a href={to({ request: request.id })}>This request</a>}
          {request !== null && request.trace !== null && (
            <a href={to({ trace: request.trace })}>This trace</a>
          )}
          {clients.slice(0, 3).map((client) => (
            <a key={client} href={to({ client })}>{client}</a>
          ))}
        </span>
      </span>
    </li>
  )
}

const TONES = {
  filled: 'good', served: 'plain', invalidated: 'warn', written: 'warn', gap: 'bad'
} as const

/** Times for which events may be missing. */
export const Gaps = ({ gaps }: { gaps: readonly JournalGap[] }) =>
  gaps.length === 0
    ? null
    : (
      <div class='notice' data-tone='warn'>
        <strong>The journal is not complete here</strong>
        <ul>
          {gaps.slice(0, 5).map((gap, index) => <li key={index}><Words words={gap.text} /></li>)}
        </ul>
        {gaps.length > 5 && <p class='small'>And {gaps.length - 5} more.</p>}
      </div>
      )
