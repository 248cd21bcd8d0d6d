import { useEffect, useState } from 'preact/hooks'
import { type Product } from '../../model/products.js'
import { changesOf, type Draft, draftOf } from '../../model/draft.js'
import { type Exchange } from '../../model/exchange.js'
import { ms } from '../../model/format.js'
import { told } from '../../model/told.js'
import { Field } from '../../parts/field.js'
import { Notice, ProblemNotice } from '../../parts/notice.js'
import { ChooseIdentity, RoleHint } from '../../parts/role-hint.js'
import { Waiting } from '../../parts/waiting.js'
import { identities } from '../../state/identity.js'
import { send, type Sent, wasAnswered } from '../../state/send.js'

interface Version {
  readonly product: Product
  readonly etag: string | undefined
}

/**
 * Edits a product, provided that it still has the version the form was opened with. Typed values
 * are retained if another client saves in the meantime.
 */
export function EditForm ({ product, etag, onSaved }: Version & { onSaved: () => void }) {
  const [base, setBase] = useState<Version>({ product, etag })
  const [draft, setDraft] = useState(draftOf(product))
  const [isSaving, setSaving] = useState(false)
  const [sent, setSent] = useState<Sent>()
  const { changes, mistakes } = changesOf(draft, base.product)
  const isChanged = Object.keys(changes).length > 0
  const isOutdated = base.product.version < product.version

  const begin = (version: Version) => {
    setBase(version)
    setDraft(draftOf(version.product))
  }
  // The form switches to the new version if there is no unsaved input.
  useEffect(() => {
    if (isOutdated && !isChanged && Object.keys(mistakes).length === 0) begin({ product, etag })
  }, [product.version])

  const save = (event: Event) => {
    event.preventDefault()
    if (isSaving || Object.keys(mistakes).length > 0 || !isChanged) return
    setSaving(true)
    setSent(undefined)
    send({
      method: 'PATCH',
      path: `/api/products/${product.id}`,
      ...(base.etag !== undefined && { ifMatch: base.etag }),
      body: { type: 'application/merge-patch+json', text: JSON.stringify(changes) }
    }, identities.get().current).then((answer) => {
      setSent(answer)
      if (!wasAnswered(answer)) return
      if (answer.problem === undefined) {
        begin({ product: told(answer.body), etag: answer.headers.get('etag') })
      }
      if (answer.status < 400 || answer.status === 412) onSaved()
    }).catch(console.error).finally(() => setSaving(false))
  }

  const refused = sent?.problem?.errors ?? []
  const input = (
    name: keyof Draft,
    label: string,
    more: { hint?: string; inputMode?: 'decimal' | 'numeric' } = {}
  ) => (
    <Field
      label={label}
      mistake={mistakes[name] ?? refused.find(({ field }) => field === name)?.message}
      {...(more.hint !== undefined && { hint: more.hint })}
    >
      {(attributes) => (
        <input
          {...attributes}
          type='text'
          autocomplete='off'
          value={draft[name]}
          {...(more.inputMode !== undefined && { inputMode: more.inputMode })}
          onInput={({ currentTarget: { value } }) => setDraft({ ...draft, [name]: value })}
        />
      )}
    </Field>
  )
  return (
    <section class='panel stack' aria-labelledby='edit'>
      <h2 id='edit'>Edit</h2>
      <RoleHint needed='editor' what='Saving' />
      {isOutdated && isChanged && (
        <Notice tone='warn' title={`Version ${product.version} was saved meanwhile`}>
          <p>
            Yours began with version {base.product.version}: saving it is refused, so that their
            change is not lost.
          </p>
          <div class='row'>
            <button
              class='button compact'
              type='button'
              onClick={() => {
                begin({ product, etag })
                setSent(undefined)
              }}
            >
              Take theirs
            </button>
            <button
              class='button compact'
              type='button'
              onClick={() => {
                setBase({ product, etag })
                setSent(undefined)
              }}
            >
              Overwrite with mine
            </button>
          </div>
        </Notice>
      )}
      <form class='stack' onSubmit={save} noValidate>
        {input('name', 'Name')}
        {input('price', 'Price in euro', { inputMode: 'decimal', hint: 'For example 12.99' })}
        {input('stock', 'In stock', { inputMode: 'numeric' })}
        <Field label='Description'>
          {(attributes) => (
            <textarea
              {...attributes}
              rows={3}
              maxLength={4000}
              value={draft.description}
              onInput={({ currentTarget: { value } }) =>
                setDraft({ ...draft, description: value })}
            />
          )}
        </Field>
        <div class='row'>
          <button
            class='button primary'
            type='submit'
            disabled={isSaving || !isChanged || Object.keys(mistakes).length > 0}
          >
            Save
          </button>
          {isChanged && (
            <button class='button' type='button' onClick={() => begin({ product, etag })}>
              Discard
            </button>
          )}
        </div>
      </form>
      {isSaving && <Waiting>Saving and invalidating…</Waiting>}
      {sent !== undefined && <Saved sent={sent} />}
    </section>
  )
}

function Saved ({ sent }: { sent: Sent }) {
  if (!wasAnswered(sent)) {
    return (
      <ProblemNotice problem={sent.problem} title='No response: it may or may not have been saved'>
        <p>Refetch on the left to check.</p>
      </ProblemNotice>
    )
  }
  if (sent.problem === undefined) return <SavedNotice exchange={sent} />
  return (
    <ProblemNotice
      problem={sent.problem}
      title={sent.status === 412 ? 'Not saved: the product has changed since you opened it' : 'Not saved'}
    >
      {(sent.status === 401 || sent.status === 403) && (
        <div class='row'>
          <ChooseIdentity />
        </div>
      )}
    </ProblemNotice>
  )
}

function SavedNotice ({ exchange }: { exchange: Exchange }) {
  const { version } = told<Product>(exchange.body)
  return (
    <Notice tone='good' title={`Saved as version ${version}`}>
      <p>After {ms(exchange.ms)} no instance served version {version - 1}.</p>
    </Notice>
  )
}
