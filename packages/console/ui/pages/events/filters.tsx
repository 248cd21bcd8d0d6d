import { type InstanceFigures } from '../../model/api.js'
import { EVENT_KINDS, type EventFilter } from '../../model/events.js'
import { hashOf } from '../../model/hash.js'
import { Field } from '../../parts/field.js'
import { asOptions, SelectField } from '../../parts/form-fields.js'
import { rangeInAddress } from '../../parts/range-picker.js'
import { live } from '../../state/live.js'
import { useStored } from '../../state/use-stored.js'

type Instance = Pick<InstanceFigures, 'service' | 'instance'>

/** Event filters. The address holds them, so views can be linked and the back button works. */
export function Filters ({ filter }: { filter: EventFilter }) {
  const instances = useStored(live.state).ticks.at(-1)?.instances ?? []
  const set = (changed: EventFilter) => {
    const { kind, service, instance, tag } = { ...filter, ...changed }
    location.hash = hashOf(['events'], { kind, service, instance, tag, ...rangeInAddress() })
  }
  return (
    <form class='fields' role='search' aria-label='Filter events' onSubmit={prevent}>
      <SelectField
        none='All'
        label='Event'
        value={filter.kind}
        options={EVENT_KINDS.map(({ kind, label }) => [kind, label])}
        onChange={(kind) => set({ kind })}
      />
      <SelectField
        none='All'
        label='Service'
        value={filter.service}
        options={namesOf(instances, ({ service }) => service)}
        onChange={(service) => set({ service, instance: '' })}
      />
      <SelectField
        none='All'
        label='Instance'
        value={filter.instance}
        options={namesOf(
          instances.filter(({ service }) => [undefined, service].includes(filter.service)),
          ({ instance }) => instance
        )}
        onChange={(instance) => set({ instance })}
      />
      <Field label='Tag' class='grow'>
        {(attributes) => (
          <input
            {...attributes}
            key={filter.tag}
            type='search'
            class='mono'
            autocomplete='off'
            spellcheck={false}
            maxLength={200}
            defaultValue={filter.tag ?? ''}
            onChange={(event) => set({ tag: event.currentTarget.value.trim() })}
          />
        )}
      </Field>
      {Object.keys(filter).length > 0 && (
        <a class='button' href={hashOf(['events'], rangeInAddress())}>
          Clear
        </a>
      )}
    </form>
  )
}

/** Prevents submission of the form: each changed field has already updated the address. */
const prevent = (event: Event) => {
  event.preventDefault()
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
}

const namesOf = (
  instances: readonly Instance[],
  name: (instance: Instance) => string
): [string, string][] => asOptions([...new Set(instances.map(name))].sort())
