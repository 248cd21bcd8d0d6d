import { dateTime } from '../../model/format.js'
import {
  journalAddress, type JournalView, toneOf, type WhyAnswer, whyRequest, wordsText
} from '../../model/journal.js'
import { CopyButton } from '../../parts/copy-button.js'
import { Loaded } from '../../parts/loaded.js'
import { headersOf, type Identity } from '../../state/identity.js'
import { useQuery } from '../../state/use-query.js'
import { Gaps, Timeline } from './timeline.js'
import { Words } from './words.js'

// Refetch interval in ms. Instances write their events within half a second.
const EVERY_MS = 10_000

/** Why a client saw a version: one sentence, and the evidence under it. */
export function Answer ({ view, identity }: { view: JournalView, identity: Identity }) {
  const request = whyRequest(view)
  const answer = useQuery<WhyAnswer>(
    `${identity.id} ${request}`, () => request, EVERY_MS, headersOf(identity))
  return (
    <Loaded query={answer} what='The answer'>
      {(found) => (
        <>
          <Conclusion answer={found} />
          <Gaps gaps={found.gaps} />
          <div class='columns'>
            <Version answer={found} />
            <Change answer={found} />
          </div>
          <section class='panel flush' aria-labelledby='evidence'>
            <div class='panel-head'>
              <h2 id='evidence'>Evidence</h2>
              <a
                class='small'
                href={journalAddress({
                  namespace: view.namespace, conditions: { url: found.url }
                }, around(found.at))}
              >
                All events of this URL
              </a>
            </div>
            {found.timeline.length === 0
              ? <p class='empty'>The journal has no event of this URL at that time.</p>
              : <Timeline events={found.timeline} view={view} label='Evidence, oldest first' />}
          </section>
        </>
      )}
    </Loaded>
  )
}

const around = (at: number) => ({ from: String(at - 1_800_000), to: String(at + 1_800_000) })

const Conclusion = ({ answer }: { answer: WhyAnswer }) => (
  <div class='notice' data-tone={toneOf(answer.cause)} role='status'>
    <strong>{TITLES[answer.cause] ?? 'Answer'}</strong>
    <p><Words words={answer.conclusion} /></p>
    {!answer.certain && (
      <p class='small'>This may not be the whole story: the journal is not complete there.</p>
    )}
    <div class='row'>
      <CopyButton text={wordsText(answer.conclusion)} what='answer' />
    </div>
  </div>
)

const TITLES: Readonly<Record<string, string>> = {
  'not-cached': 'Computed for this request, not cached',
  computed: 'Computed for this request',
  'computed-before-write': 'Computed before the write',
  current: 'The current version',
  'before-write': 'Served before the write',
  'before-acknowledged': 'Served before the write was acknowledged',
  bounded: 'Bounded consistency',
  'outbox-behind': 'The outbox was behind',
  'invalidation-failed': 'The invalidation failed',
  'stale-while-revalidate': 'Served stale while it was revalidated',
  'stale-if-error': 'Served stale in place of an error',
  outage: 'Served during an outage of the store',
  'not-told': 'The cache was not told of the change',
  unexplained: 'A version that had ended',
  'client-cache': 'No request: the client\'s own cache',
  'no-request': 'No request',
  'no-request-recorded': 'No request recorded'
}

function Version ({ answer: { version, fill, served } }: { answer: WhyAnswer }) {
  return (
    <section class='panel' aria-labelledby='served-version'>
      <h2 id='served-version'>Version served</h2>
      {version === null
        ? <p class='empty'>{served === null ? 'None.' : 'No stored version: the handler answered.'}</p>
        : (
          <dl class='facts'>
            <dt>ETag</dt><dd>{version.etag === null ? '–' : <code>{version.etag}</code>}</dd>
            <dt>Filled by</dt><dd>{version.filledBy ?? '–'}</dd>
            <dt>Stored</dt><dd>{timeOr(version.storedAt)}</dd>
            <dt>For</dt><dd>{requestOf(fill)}</dd>
            <dt>Fresh until</dt><dd>{timeOr(version.freshUntil)}</dd>
            <dt>Cache-Control</dt>
            <dd>{version.cacheControl === null ? '–' : <code>{version.cacheControl}</code>}</dd>
          </dl>
          )}
    </section>
  )
}

function Change ({ answer: { write, served } }: { answer: WhyAnswer }) {
  return (
    <section class='panel' aria-labelledby='change'>
      <h2 id='change'>Request and change</h2>
      <dl class='facts'>
        <dt>Served</dt><dd>{served === null ? '–' : dateTime(served.at)}</dd>
        <dt>By</dt><dd>{served === null ? '–' : served.instance}</dd>
        <dt>To</dt><dd>{served?.request == null ? '–' : requestOf(served)}</dd>
        <dt>Changed by</dt><dd>{requestOf(write)}</dd>
        <dt>Write answered</dt>
        <dd>{write === null ? '–' : `${dateTime(write.at)}, ${write.outcome ?? ''}`}</dd>
        <dt>Trace</dt>
        <dd>{served?.request?.trace == null ? '–' : <code>{served.request.trace}</code>}</dd>
      </dl>
    </section>
  )
}

const timeOr = (at: number | null) => at === null ? '–' : dateTime(at)

function requestOf (event: WhyAnswer['fill']): string {
  if (event?.request == null) return '–'
  const { method, url, id, client } = event.request
  return `${method} ${url}, request ${id}${client === null ? '' : `, ${client}`}`
}
