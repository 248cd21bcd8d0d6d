import { useId } from 'preact/hooks'
import { Field } from './field.js'

interface PathFieldProps {
  readonly value: string
  readonly mistake: string | undefined
  /** Paths that the browser offers while the user types. */
  readonly suggestions: readonly string[]
  readonly onInput: (value: string) => void
}

/** The path of a request, with suggestions. */
export function PathField ({ value, mistake, suggestions, onInput }: PathFieldProps) {
  const list = useId()
  return (
    <>
      <Field label='Path' mistake={mistake} class='grow'>
        {(attributes) => (
          <input
            {...attributes}
            class='mono'
            type='text'
            list={list}
            autocomplete='off'
            spellcheck={false}
            value={value}
            onInput={({ currentTarget }) => onInput(currentTarget.value)}
          />
        )}
      </Field>
      <datalist id={list}>
        {suggestions.map((path) => (
          <option key={path} value={path} />
        ))}
      </datalist>
    </>
  )
}
