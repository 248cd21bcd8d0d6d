import { useEffect, useRef, useState } from 'preact/hooks'
import { type AskedEdge } from '../../model/api.js'
import { edgeOutcome } from '../../model/edge.js'
import { bytes, dateTime, ms } from '../../model/format.js'
import { journalAddress } from '../../model/journal.js'
import { addressOf, type KeyEntry, type KeysView, titleOf, urlIn } from '../../model/keys.js'
import { told } from '../../model/told.js'
import { CopyButton } from '../../parts/copy-button.js'
import { Loaded } from '../../parts/loaded.js'
import { Notice, ProblemNotice } from '../../parts/notice.js'
import { headersOf, type Identity } from '../../state/identity.js'
import { act, type Sent, wasAnswered } from '../../state/send.js'
import { useQuery } from '../../state/use-query.js'
import { State } from './table.js'

interface EntryPanelProps {
  readonly view: KeysView
  readonly name: string
  readonly identity: Identity
  readonly onInvalidated: () => void
}

// Refetch interval in ms. Entries rarely change while they are viewed.
const EVERY_MS = 30_000

/** One entry: its metadata, its content, and a button that invalidates it. */
export function EntryPanel ({ view, name, identity, onInvalidated }: EntryPanelProps) {
  const [sent, setSent] = useState<Sent>()
  const panel = useRef<HTMLElement>(null)
  useEffect(() => panel.current?.focus(), [])
  const isInvalidated = sent !== undefined && wasAnswered(sent) && sent.problem === undefined
  const invalidate = () => {
    const text = JSON.stringify({ namespace: view.namespace, keys: [name] })
    const body = { type: 'application/json', text }
    act({ method: 'POST', path: 'api/stats/invalidations', body }, identity)
      .then((answer) => {
        setSent(answer)
        onInvalidated()
      })
      .catch(console.error)
  }
  return (
    <section class='panel stack' aria-labelledby='entry' tabIndex={-1} ref={panel}>
      <div class='panel-head'>
        <h2 id='entry' class='key-name'>{titleOf({ key: name, url: urlIn(name) })}</h2>
        <a class='button compact' href={addressOf({ ...view, key: undefined })}>Close</a>
      </div>
      {sent !== undefined && <Outcome sent={sent} />}
      {!isInvalidated && (
        <Entry view={view} name={name} identity={identity} onInvalidate={invalidate} />
      )}
    </section>
  )
}

function Entry ({ view, name, identity, onInvalidate }: Omit<EntryPanelProps, 'onInvalidated'> & {
  onInvalidate: () => void
}) {
  const query = new URLSearchParams({ namespace: view.namespace ?? '', key: name })
  const entry = useQuery<KeyEntry>(
    `${identity.id} ${query.toString()}`,
    () => `api/stats/keys/entry?${query.toString()}`,
    EVERY_MS,
    headersOf(identity)
  )
  return (
    <Loaded query={entry} what='This entry'>
      {(found) => <Details entry={found} onInvalidate={onInvalidate} />}
    </Loaded>
  )
}

function Details ({ entry, onInvalidate }: {
  entry: KeyEntry
  onInvalidate: () => void
}) {
  const confirm = useRef<HTMLDialogElement>(null)
  const at = (time: number | null) => time === null ? '–' : dateTime(time)
  return (
    <>
      <dl class='facts'>
        <dt>State</dt><dd><State state={entry.state} /></dd>
        <dt>Stored</dt><dd>{at(entry.storedAt)}</dd>
        <dt>Fresh until</dt><dd>{at(entry.freshUntil)}</dd>
        <dt>Stale until</dt><dd>{at(entry.staleUntil)}</dd>
        <dt>Size</dt><dd>{bytes(entry.bytes)}</dd>
        <dt>Filled by</dt><dd>{entry.filledBy ?? '–'}{entry.costMs !== null && entry.costMs > 0 && `, in ${ms(entry.costMs)}`}</dd>
        <dt>Route</dt><dd>{entry.route === null ? '–' : <code>{entry.route}</code>}</dd>
        <dt>Key</dt><dd><code class='key-text'>{entry.key}</code> <CopyButton text={entry.key} what='key' /></dd>
        <dt>Tags</dt>
        <dd>
          {entry.tags.length === 0
            ? '–'
            : entry.tags.map((tag) => (
              <div class='row' key={tag}><code>{tag}</code> <CopyButton text={tag} what='tag' /></div>
            ))}
        </dd>
      </dl>
      <Content entry={entry} />
      <div class='row'>
        {entry.url !== null && (
          <a
            class='button'
            href={journalAddress({
              namespace: entry.namespace, conditions: { url: titleOf(entry) }, explains: true
            })}
          >
            Journal of this response
          </a>
        )}
        <button class='button danger' type='button' onClick={() => confirm.current?.showModal()}>
          Invalidate this entry…
        </button>
      </div>
      <dialog ref={confirm} aria-labelledby='confirm-entry'>
        <form
          method='dialog'
          class='stack'
          onSubmit={({ submitter }) => {
            if (submitter?.dataset['yes'] !== undefined) onInvalidate()
          }}
        >
          <h2 id='confirm-entry'>Invalidate this entry?</h2>
          <p>No instance serves it any more. The next request computes it again.</p>
          <p><code class='key-text'>{titleOf(entry)}</code></p>
          <div class='row'>
            <button class='button' type='submit'>Cancel</button>
            <button class='button danger' type='submit' data-yes=''>Invalidate</button>
          </div>
        </form>
      </dialog>
    </>
  )
}

const Content = ({ entry: { response, preview } }: { entry: KeyEntry }) => (
  <details>
    <summary>{response === null ? 'Value' : `Response, status ${response.status}`}</summary>
    {response !== null && (
      <dl class='headers'>
        {response.headers.flatMap(({ name, value }, index) => [
          <dt key={`${index} name`}>{name}</dt>,
          <dd key={`${index} value`}>{value}</dd>
        ])}
      </dl>
    )}
    {preview.kind === 'unreadable'
      ? <p>The value was written by the application's own serializer.</p>
      : <pre class='body-preview' tabIndex={0}>{preview.text}{preview.truncated && ' …'}</pre>}
    {preview.truncated && <p class='small muted'>Only the beginning is shown.</p>}
  </details>
)

function Outcome ({ sent }: { sent: Sent }) {
  if (!wasAnswered(sent)) {
    return <ProblemNotice problem={sent.problem} title='No response: it may have taken effect' />
  }
  if (sent.problem !== undefined) {
    return <ProblemNotice problem={sent.problem} title='Nothing was invalidated' />
  }
  const atEdge = edgeOutcome(told<{ readonly edge: readonly AskedEdge[] }>(sent.body).edge)
  return (
    <Notice tone='good' title='1 entry invalidated'>
      <p>Round trip {ms(sent.ms)}. No instance serves the old value.</p>
      {atEdge !== undefined && <p>{atEdge}</p>}
    </Notice>
  )
}
