import { type ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

/** Attributes that connect an input with its label and its hint or error. */
export interface FieldAttributes {
  readonly id: string
  readonly 'aria-describedby': string | undefined
  readonly 'aria-invalid': boolean
}

interface FieldProps {
  readonly label: string
  readonly hint?: string
  readonly mistake?: string | undefined
  readonly class?: string
  readonly children: (attributes: FieldAttributes) => ComponentChildren
}

/** An input with its label and a hint, or an error message in place of the hint. */
export function Field ({ label, hint, mistake, class: name = '', children }: FieldProps) {
  const id = useId()
  const said = mistake ?? hint
  return (
    <div class={`field ${name}`}>
      <label for={id}>{label}</label>
      {children({
        id,
        'aria-describedby': said === undefined ? undefined : `${id}-said`,
        'aria-invalid': mistake !== undefined
      })}
      {said !== undefined && (
        <span id={`${id}-said`} class={mistake === undefined ? 'hint' : 'mistake'}>
          {said}
        </span>
      )}
    </div>
  )
}
