import { type ComponentChildren } from 'preact'
import { login } from '../state/login.js'
import { useStored } from '../state/use-stored.js'

/** Reports whether the login link in the address worked. */
export function LoginNotice () {
  const result = useStored(login)
  if (result === undefined) return null
  if ('problem' in result) {
    return (
      <Line tone='warn' role='alert' title='Not logged in'>
        {result.problem.detail}
      </Line>
    )
  }
  return (
    <Line tone='good' role='status' title={`Logged in as ${result.as}`}>
      This tab sends requests as this user until you log out or close it.
    </Line>
  )
}

const Line = ({
  tone,
  role,
  title,
  children
}: {
  tone: 'good' | 'warn'
  role: 'alert' | 'status'
  title: string
  children: ComponentChildren
}) => (
  <div class='banner' data-tone={tone}>
    <div class='banner-text' role={role}>
      <strong>{title}</strong> <span>{children}</span>
    </div>
    <button class='button compact' type='button' onClick={() => login.set(undefined)}>
      Dismiss
    </button>
  </div>
)
