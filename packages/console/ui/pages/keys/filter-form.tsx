import { useState } from 'preact/hooks'
import { addressOf, type Filters, type KeysView } from '../../model/keys.js'
import { asOptions, NamespaceField, SelectField, TextField } from '../../parts/form-fields.js'

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
  const apply = (event: Event) => {
    event.preventDefault()
    location.hash = addressOf({ namespace, filters, cursor: undefined, key: undefined })
  }
  return (
    <form class='panel fields' aria-label='Conditions' onSubmit={apply}>
      <NamespaceField value={namespace} names={names} onChange={setNamespace} />
      <SelectField
        label='State'
        value={filters.state}
        options={asOptions(STATES)}
        none='any'
        onChange={(state) => setFilters({ ...filters, state })}
      />
      {TEXTS.map(([name, label, mode]) => (
        <TextField
          key={name}
          label={label}
          mode={mode}
          value={filters[name] ?? ''}
          onInput={(value) => setFilters({ ...filters, [name]: value })}
        />
      ))}
      <button class='button primary' type='submit'>Apply</button>
    </form>
  )
}
