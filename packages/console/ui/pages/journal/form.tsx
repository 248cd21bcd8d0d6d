import { useState } from 'preact/hooks'
import {
  type Conditions, fromLocalInput, JOURNAL_KINDS, journalAddress, type JournalView, localInput
} from '../../model/journal.js'
import { Field } from '../../parts/field.js'
import { NamespaceField, SelectField, TextField } from '../../parts/form-fields.js'
import { rangeInAddress } from '../../parts/range-picker.js'

const MORE = [
  ['tag', 'Tag'],
  ['instance', 'Instance'],
  ['request', 'Request id'],
  ['trace', 'Trace id']
] as const

/** The question. Asking it navigates to its address. */
export function JournalForm ({ view, names }: { view: JournalView, names: readonly string[] }) {
  const [namespace, setNamespace] = useState(view.namespace ?? '')
  const [conditions, setConditions] = useState<Conditions>(view.conditions)
  const [at, setAt] = useState(view.at === undefined ? '' : localInput(view.at))
  const [mistake, setMistake] = useState<string>()
  const set = (name: keyof Conditions, value: string) =>
    setConditions({ ...conditions, [name]: value })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const explains = event.submitter?.dataset['search'] === undefined
    const hasUrl = (conditions.url ?? '') !== ''
    setMistake(explains && !hasUrl ? 'Enter the path of the response.' : undefined)
    if (explains && !hasUrl) return
    location.hash = journalAddress(
      { namespace, conditions, explains, at: fromLocalInput(at) }, rangeInAddress())
  }
  const text = (name: keyof Conditions, label: string, hint?: string, wrong?: string) => (
    <TextField
      key={name}
      label={label}
      mistake={wrong}
      value={conditions[name] ?? ''}
      onInput={(value) => set(name, value)}
      {...(hint !== undefined && { hint })}
    />
  )
  return (
    <form class='panel stack' aria-label='Question' onSubmit={submit}>
      <div class='fields'>
        {text('url', 'URL', 'Path and query, such as /api/products/1', mistake)}
        {text('client', 'Client', 'Such as user:alice; empty: any')}
        <Field label='Seen at' hint='Empty: now'>
          {(attributes) => (
            <input
              {...attributes}
              type='datetime-local'
              step='1'
              value={at}
              onInput={({ currentTarget: { value } }) => setAt(value)}
            />
          )}
        </Field>
      </div>
      <details open={MORE.some(([name]) => conditions[name] !== undefined)}>
        <summary>More conditions, for a search</summary>
        <div class='fields'>
          <NamespaceField value={namespace} names={names} onChange={setNamespace} />
          <SelectField
            label='Event'
            value={conditions.kind}
            options={JOURNAL_KINDS}
            none='any'
            onChange={(kind) => set('kind', kind)}
          />
          {MORE.map(([name, label]) => text(name, label))}
        </div>
      </details>
      <div class='row'>
        <button class='button primary' type='submit'>Why this version?</button>
        <button class='button' type='submit' data-search=''>Search events</button>
      </div>
    </form>
  )
}
