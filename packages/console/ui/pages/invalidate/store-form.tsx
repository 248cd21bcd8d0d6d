import { useId, useState } from 'preact/hooks'
import { type AskedEdge } from '../../model/api.js'
import { edgeOutcome } from '../../model/edge.js'
import { type Exchange } from '../../model/exchange.js'
import { ms } from '../../model/format.js'
import { type Namespaces } from '../../model/keys.js'
import { linesOf } from '../../model/lines.js'
import { plural } from '../../model/meaning.js'
import { told } from '../../model/told.js'
import { Choices } from '../../parts/choices.js'
import { Field } from '../../parts/field.js'
import { Notice } from '../../parts/notice.js'
import { Waiting } from '../../parts/waiting.js'
import { headersOf, identities } from '../../state/identity.js'
import { act, type Sent } from '../../state/send.js'
import { useQuery } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'
import { LinesField } from './lines-field.js'
import { Outcome } from './outcome.js'

const KINDS = [{ id: 'tags', label: 'By tag' }, { id: 'keys', label: 'By key' }] as const
type Kind = typeof KINDS[number]['id']
const DEFAULT_NAMESPACE = 'responses'
const EVERY_MS = 60_000

/** Invalidates entries in the store of the console, for applications without cache-admin routes. */
export function StoreForm () {
  const { current } = useStored(identities)
  const { value } = useQuery<Namespaces>(
    current.id,
    () => 'api/stats/namespaces',
    EVERY_MS,
    headersOf(current)
  )
  const names = value?.namespaces ?? []
  const list = useId()
  const [namespace, setNamespace] = useState(DEFAULT_NAMESPACE)
  const [kind, setKind] = useState<Kind>('tags')
  const [text, setText] = useState('')
  const [mistake, setMistake] = useState<string>()
  const [isSending, setSending] = useState(false)
  const [sent, setSent] = useState<Sent>()
  const submit = (event: Event) => {
    event.preventDefault()
    const lines = linesOf(text)
    setMistake(lines.length === 0 ? 'Enter at least one, one per line.' : undefined)
    if (lines.length === 0) return
    setSending(true)
    setSent(undefined)
    const body = { type: 'application/json', text: JSON.stringify({ namespace, [kind]: lines }) }
    act({ method: 'POST', path: 'api/stats/invalidations', body }, current)
      .then(setSent)
      .catch(console.error)
      .finally(() => setSending(false))
  }
  return (
    <section class='panel stack' aria-label='What to invalidate'>
      <form class='stack' onSubmit={submit}>
        <Field label='Namespace' hint='The cache; responses is the response cache.'>
          {(attributes) => (
            <input
              {...attributes}
              class='mono'
              list={list}
              required
              spellcheck={false}
              value={namespace}
              onInput={({ currentTarget: { value } }) => setNamespace(value.trim())}
            />
          )}
        </Field>
        <datalist id={list}>{names.map((name) => <option key={name} value={name} />)}</datalist>
        <Choices label='What' options={KINDS} value={kind} onChange={setKind} />
        <LinesField
          label={kind === 'tags' ? 'Tags' : 'Keys'}
          hint={kind === 'tags' ? 'One per line.' : 'One per line, as the page Keys shows them.'}
          mistake={mistake}
          value={text}
          onChange={setText}
        />
        <div class='row'>
          <button class='button primary' type='submit' disabled={isSending}>Invalidate</button>
        </div>
      </form>
      {isSending && <Waiting>Invalidating…</Waiting>}
      {sent !== undefined && (
        <Outcome sent={sent}>
          {(exchange) => <Receipt exchange={exchange} />}
        </Outcome>
      )}
    </section>
  )
}

/** Response of POST api/stats/invalidations. */
interface Invalidated {
  readonly namespace: string
  readonly tags: readonly string[]
  readonly keys: readonly string[]
  readonly edge: readonly AskedEdge[]
}

function Receipt ({ exchange }: { exchange: Exchange }) {
  const { namespace, tags, keys, edge } = told<Invalidated>(exchange.body)
  const amount = tags.length > 0 ? plural(tags.length, 'tag') : plural(keys.length, 'key')
  const atEdge = edgeOutcome(edge)
  return (
    <Notice tone='good' title={`${amount} invalidated`}>
      <p><code>{[...tags, ...keys].join(', ')}</code></p>
      <p>Round trip {ms(exchange.ms)}. No instance serves the old entries of {namespace}.</p>
      {atEdge !== undefined && <p>{atEdge}</p>}
    </Notice>
  )
}
