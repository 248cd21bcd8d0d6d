import { useEffect, useRef, useState } from 'preact/hooks'
import { type Invalidated, type InvalidationReceipt } from '../model/api.js'
import { type Exchange, type Wish } from '../model/exchange.js'
import { count, ms, time } from '../model/format.js'
import { plural } from '../model/meaning.js'
import { type Administration, administrations, examplesOf, tagsOf } from '../model/services.js'
import { told } from '../model/told.js'
import { Choices } from '../parts/choices.js'
import { Scroll } from '../parts/data-table.js'
import { Field } from '../parts/field.js'
import { Notice, ProblemNotice } from '../parts/notice.js'
import { Page } from '../parts/page.js'
import { ChooseIdentity, RoleHint } from '../parts/role-hint.js'
import { Waiting } from '../parts/waiting.js'
import { identities } from '../state/identity.js'
import { live } from '../state/live.js'
import { send, type Sent, wasAnswered } from '../state/send.js'
import { useDemo, useServices } from '../state/services.js'
import { useStored } from '../state/use-stored.js'

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

/** Invalidates cached responses on all instances. */
export function Invalidate () {
  const known = administrations(useServices())
  return (
    <Page title='Invalidate'>
      <p class='lead'>
        When a request of this page returns, no instance serves the invalidated responses.
      </p>
      <RoleHint needed='admin' what='Invalidating' />
      <div class='columns'>
        {known[0] === undefined
          ? <NoAdministration />
          : <InvalidateForm known={known} first={known[0]} />}
        <Recent />
      </div>
    </Page>
  )
}

const NoAdministration = () => (
  <section class='panel'>
    <p class='empty'>
      No service announces routes to invalidate with: register{' '}
      <code>@weir/fastify/cache-admin</code>.
    </p>
  </section>
)

interface FormProps {
  readonly known: readonly Administration[]
  readonly first: Administration
}

function InvalidateForm ({ known, first }: FormProps) {
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
    send(wish, identities.get().current)
      .then(setSent)
      .catch(console.error)
      .finally(() => setSending(false))
  }
  const submit = (event: Event) => {
    event.preventDefault()
    if (kind === 'all') return confirm.current?.showModal()
    const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
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
            <Field
              label={kind === 'tags' ? 'Tags' : 'URLs'}
              hint={hint(kind, administration)}
              mistake={mistake}
            >
              {(attributes) => (
                <textarea
                  {...attributes}
                  class='mono'
                  rows={4}
                  spellcheck={false}
                  value={text}
                  onInput={({ currentTarget: { value } }) => setText(value)}
                />
              )}
            </Field>
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
        {sent !== undefined && <Outcome sent={sent} />}
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

function Outcome ({ sent }: { sent: Sent }) {
  const outcome = useRef<HTMLDivElement>(null)
  useEffect(() => outcome.current?.scrollIntoView({ block: 'nearest' }), [sent])
  return (
    <div ref={outcome}>
      {!wasAnswered(sent)
        ? (
          <ProblemNotice problem={sent.problem} title='No response: it may or may not have taken effect'>
            <p>Repeating it is harmless.</p>
          </ProblemNotice>
          )
        : sent.problem !== undefined
          ? (
            <ProblemNotice problem={sent.problem} title='Nothing was invalidated'>
              {(sent.status === 401 || sent.status === 403) && (
                <div class='row'>
                  <ChooseIdentity />
                </div>
              )}
            </ProblemNotice>
            )
          : (
            <Receipt exchange={sent} />
            )}
    </div>
  )
}

function Receipt ({ exchange }: { exchange: Exchange }) {
  const { namespace, instance, tags, all, dropped } = told<InvalidationReceipt>(exchange.body)
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
    </Notice>
  )
}

/** Shows the latest invalidations of all instances. */
function Recent () {
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
