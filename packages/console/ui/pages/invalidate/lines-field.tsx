import { Field } from '../../parts/field.js'

interface LinesFieldProps {
  readonly label: string
  readonly hint: string
  readonly mistake: string | undefined
  readonly value: string
  readonly onChange: (text: string) => void
}

/** An input of several names, one per line. */
export const LinesField = ({ label, hint, mistake, value, onChange }: LinesFieldProps) => (
  <Field label={label} hint={hint} mistake={mistake}>
    {(attributes) => (
      <textarea
        {...attributes}
        class='mono'
        rows={4}
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    )}
  </Field>
)
