import { useState } from 'preact/hooks'
import { addressOf, type Filters, type KeysView } from '../../model/keys.js'
import { Field } from '../../parts/field.js'

const STATES = ['fresh', 'stale', 'expired', 'invalid'] as const
const TEXTS = [
  ['route', 'URL, route or key contains', 'text'],
  ['tag', 'Tag', 'text'],
  ['filledBy', 'Filled by', 'text'],
  ['minBytes', 'At least KiB', 'decimal'],
  ['minAge', 'Older than minutes', 'decimal']
] as const

/** The filters of the page. Applying them navigates to the corresponding address. */
export function FilterForm ({ view, names }: { view: KeysView, names: readonly string[] }) {
  const [namespace, setNamespace] = useState(view.namespace ?? '')
  const [filters, setFilters] = useState<Filters>(view.filters)
  const shown = namespace === '' || names.includes(namespace) ? names : [namespace, ...names]
  const apply = (event: Event) => {
    event.preventDefault()
    location.hash = addressOf({ namespace, filters, cursor: undefined, key: undefined })
  }
  return (
    <form class='panel fields' aria-label='Conditions' onSubmit={apply}>
      <Field label='Namespace'>
        {(attributes) => (
          <select
            {...attributes}
            value={namespace}
            onChange={({ currentTarget: { value } }) => setNamespace(value)}
          >
            {shown.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        )}
      </Field>
      <Field label='State'>
        {(attributes) => (
          <select
            {...attributes}
            value={filters.state ?? ''}
            onChange={({ currentTarget: { value } }) => setFilters({ ...filters, state: value })}
          >
            <option value=''>any</option>
            {STATES.map((state) => <option key={state} value={state}>{state}</option>)}
          </select>
        )}
      </Field>
      {TEXTS.map(([name, label, mode]) => (
        <Field key={name} label={label} class={mode === 'text' ? 'grow' : ''}>
          {(attributes) => (
            <input
              {...attributes}
              class='mono'
              inputMode={mode}
              spellcheck={false}
              value={filters[name] ?? ''}
              onInput={({ currentTarget: { value } }) =>
                setFilters({ ...filters, [name]: value.trim() })}
            />
          )}
        </Field>
      ))}
      <button class='button primary' type='submit'>Apply</button>
    </form>
  )
}
