import { useRef, useState } from 'preact/hooks'
import { type InvalidationReceipt } from '../../model/api.js'
import { type Exchange, type Wish } from '../../model/exchange.js'
import { ms } from '../../model/format.js'
import { linesOf } from '../../model/lines.js'
import { plural } from '../../model/meaning.js'
import { type Administration, examplesOf, tagsOf } from '../../model/services.js'
import { told } from '../../model/told.js'
import { Choices } from '../../parts/choices.js'
import { Notice } from '../../parts/notice.js'
import { Waiting } from '../../parts/waiting.js'
import { identities } from '../../state/identity.js'
import { act, type Sent } from '../../state/send.js'
import { LinesField } from './lines-field.js'
import { Outcome } from './outcome.js'

const KINDS = [
  { id: 'tags', label: 'By tag' },
  { id: 'urls', label: 'By URL' },
  { id: 'all', label: 'Everything' }
] as const
type Kind = typeof KINDS[number]['id']

/** Returns the hint of the input, with examples that the service announces. */
function hint (kind: Kind, { service }: Administration): string {
  const tags = tagsOf(service)
  const [example = '/products?limit=20'] = examplesOf([{ ...service, publicUrl: null }], true)
  if (kind === 'urls') return `One per line, such as ${example}.`
  return tags.length === 0 ? 'One per line.' : `One per line. ${service.service} has ${tags.join(', ')}.`
}

interface FormProps {
  readonly known: readonly Administration[]
  readonly first: Administration
}

/** Invalidates responses by the cache-admin routes of a service. */
export function AdminForm ({ known, first }: FormProps) {
  const [chosen, setChosen] = useState<string>()
  const administration = known.find(({ id }) => id === chosen) ?? first
  const { service: { service } } = administration
  const [kind, setKind] = useState<Kind>('tags')
  const [text, setText] = useState('')
  const [mistake, setMistake] = useState<string>()
  const [isSending, setSending] = useState(false)
  const [sent, setSent] = useState<Sent>()
  const confirm = useRef<HTMLDialogElement>(null)

  const post = (body: object) => {
    setSending(true)
    setSent(undefined)
    const wish: Wish = {
      method: 'POST',
      path: `${administration.id}/invalidations`,
      body: { type: 'application/json', text: JSON.stringify(body) }
    }
    act(wish, identities.get().current)
      .then(setSent)
      .catch(console.error)
      .finally(() => setSending(false))
  }
  const submit = (event: Event) => {
    event.preventDefault()
    if (kind === 'all') return confirm.current?.showModal()
    const lines = linesOf(text)
    setMistake(lines.length === 0 ? 'Enter at least one, one per line.' : undefined)
    if (lines.length > 0) post({ [kind]: lines })
  }

  return (
    <>
      <section class='panel stack' aria-label='What to invalidate'>
        <form class='stack' onSubmit={submit}>
          <Choices
            label='Service'
            options={known}
            value={administration.id}
            onChange={setChosen}
          />
          <Choices
            label='What'
            options={KINDS}
            value={kind}
            onChange={(chosen) => {
              setKind(chosen)
              setMistake(undefined)
            }}
          />
          {kind !== 'all' && (
            <LinesField
              label={kind === 'tags' ? 'Tags' : 'URLs'}
              hint={hint(kind, administration)}
              mistake={mistake}
              value={text}
              onChange={setText}
            />
          )}
          <div class='row'>
            <button
              class={`button ${kind === 'all' ? 'danger' : 'primary'}`}
              type='submit'
              disabled={isSending}
            >
              {kind === 'all' ? `Invalidate all of ${service}…` : 'Invalidate'}
            </button>
          </div>
        </form>
        {isSending && <Waiting>Invalidating…</Waiting>}
        {sent !== undefined && (
          <Outcome sent={sent}>{(exchange) => <Receipt exchange={exchange} />}</Outcome>
        )}
      </section>
      <dialog ref={confirm} aria-labelledby='confirm'>
        <form
          method='dialog'
          class='stack'
          onSubmit={({ submitter }) => {
            if (submitter?.dataset['yes'] !== undefined) post({ all: true })
          }}
        >
          <h2 id='confirm'>Invalidate all that {service} has cached?</h2>
          <p>
            Each response is computed again at its next request. Under load, this slows
            responses down.
          </p>
          <div class='row'>
            <button class='button' type='submit'>
              Cancel
            </button>
            <button class='button danger' type='submit' data-yes=''>
              Invalidate everything
            </button>
          </div>
        </form>
      </dialog>
    </>
  )
}

function Receipt ({ exchange }: { exchange: Exchange }) {
  const receipt = told<InvalidationReceipt>(exchange.body)
  const { namespace, instance, tags, all, dropped, unconfirmed = [] } = receipt
  return (
    <Notice
      tone='good'
      title={all ? 'Everything invalidated' : `${plural(tags.length, 'tag')} invalidated`}
    >
      {!all && (
        <p>
          <code>{tags.join(', ')}</code>
        </p>
      )}
      <p>
        {instance} answered after {ms(exchange.ms)} for the namespace {namespace}
        {dropped.memory === undefined
          ? '.'
          : `, and removed ${plural(dropped.memory, 'response')} from its own memory.`}{' '}
        No instance serves the invalidated responses.
      </p>
      {unconfirmed.length > 0 && (
        <p>
          Not confirmed yet, and purged as soon as it answers: {unconfirmed.join(', ')}. See{' '}
          <a href='#/edge'>Edge</a>.
        </p>
      )}
    </Notice>
  )
}
