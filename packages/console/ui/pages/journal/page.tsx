import { journalIn, type Journals } from '../../model/journal.js'
import { isRefusal } from '../../model/problem.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { RangePicker } from '../../parts/range-picker.js'
import { headersOf, identities } from '../../state/identity.js'
import { place } from '../../state/place.js'
import { useQuery } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'
import { Answer } from './answer.js'
import { EventsOf, RANGE } from './events.js'
import { JournalForm } from './form.js'

const EVERY_MS = 60_000
const DEFAULT_NAMESPACE = 'responses'

/** Explains why a client saw a version of a response, and searches the journal. */
export function Journal () {
  const view = journalIn(useStored(place).query)
  const { current } = useStored(identities)
  const known = useQuery<Journals>(
    current.id, () => 'api/stats/journals', EVERY_MS, headersOf(current))
  const names = known.value?.namespaces ?? []
  const whole = { ...view, namespace: view.namespace ?? names[0] ?? DEFAULT_NAMESPACE }
  const { value, problem } = known
  const isRefused = value === undefined && problem !== undefined &&
    (isRefusal(problem) || problem.status === 404)
  return (
    <Page
      title='Journal'
      id='Journal'
      tools={view.explains || isRefused ? undefined : <RangePicker fallback={RANGE} />}
    >
      <p class='lead'>
        Time travel: who filled a response, which write changed it, and which version each request
        was served.
      </p>
      {isRefused
        ? <Loaded query={known} what='The journal'>{() => null}</Loaded>
        : (
          <>
            <JournalForm key={JSON.stringify(whole)} view={whole} names={names} />
            {view.explains
              ? <Answer view={whole} identity={current} />
              : <EventsOf view={whole} identity={current} />}
          </>
          )}
    </Page>
  )
}
