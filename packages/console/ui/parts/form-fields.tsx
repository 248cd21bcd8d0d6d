import { Field } from './field.js'

interface TextFieldProps {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  readonly hint?: string
  readonly mistake?: string | undefined
  readonly mode?: 'text' | 'decimal'
}

/** A field for a name, a number or another exact text, without spaces at its ends. */
export const TextField = ({
  label, value, onInput, hint = '', mistake, mode = 'text'
}: TextFieldProps) => (
  <Field
    label={label}
    class={mode === 'text' ? 'grow' : ''}
    mistake={mistake}
    {...(hint !== '' && { hint })}
  >
    {(attributes) => (
      <input
        {...attributes}
        class='mono'
        inputMode={mode}
        autocomplete='off'
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => onInput(currentTarget.value.trim())}
      />
    )}
  </Field>
)

interface SelectFieldProps {
  readonly label: string
  readonly value: string | undefined
  readonly options: readonly (readonly [value: string, label: string])[]
  readonly onChange: (value: string) => void
  /** Label of the choice of none of the options. Left out: one has to be chosen. */
  readonly none?: string
}

/** A choice, which may have a value that is none of the options, such as a name in the address. */
export function SelectField ({ label, value = '', options, onChange, none }: SelectFieldProps) {
  const isMissing = value !== '' && !options.some(([one]) => one === value)
  return (
    <Field label={label}>
      {(attributes) => (
        <select
          {...attributes}
          value={value}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
        >
          {none !== undefined && <option value=''>{none}</option>}
          {isMissing && <option value={value}>{value}</option>}
          {options.map(([one, text]) => <option key={one} value={one}>{text}</option>)}
        </select>
      )}
    </Field>
  )
}

/** Options whose labels are their values. */
export const asOptions = (names: readonly string[]): [value: string, label: string][] =>
  names.map((name) => [name, name])

/** A choice among the namespaces of caches. */
export function NamespaceField ({ value, names, onChange }: {
  value: string
  names: readonly string[]
  onChange: (name: string) => void
}) {
  return (
    <SelectField label='Namespace' value={value} options={asOptions(names)} onChange={onChange} />
  )
}
