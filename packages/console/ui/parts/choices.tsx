import { useId } from 'preact/hooks'

/** A choice of one of a few visible options. */
export function Choices<Id extends string> ({ label, options, value, onChange }: {
  label: string
  options: readonly { readonly id: Id, readonly label: string }[]
  value: Id
  onChange: (id: Id) => void
}) {
  const name = useId()
  return (
    <fieldset class='field'>
      <legend>{label}</legend>
      <div class='segments'>
        {options.map((option) => (
          <label key={option.id}>
            <input
              type='radio'
              name={name}
              checked={option.id === value}
              onChange={() => onChange(option.id)}
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
