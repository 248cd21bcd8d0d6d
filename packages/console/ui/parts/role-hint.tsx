import { type Problem } from '../model/problem.js'
import { may, type Role } from '../model/token.js'
import { isAsking } from '../shell/identity-button.js'
import { identities } from '../state/identity.js'
import { useStored } from '../state/use-stored.js'

/** Opens the identity dialog. */
export const ChooseIdentity = () => (
  <button class='button compact' type='button' onClick={() => isAsking.set(true)}>
    Choose an identity
  </button>
)

/**
 * Shows that the server refused a request, with its reason. Only the server knows what a client
 * may do: applications identify clients by cookies, Basic credentials or addresses, too.
 */
export function Refused ({ problem, what }: { problem: Problem, what: string }) {
  const { current } = useStored(identities)
  return (
    <div class='notice' data-tone='warn' role='status'>
      <strong>{what}: not allowed</strong>
      <p>
        {problem.detail.replace(/\.?$/, '.')}{' '}
        {current.token === undefined
          ? 'The request carried no token, only the credentials that the browser has for this site.'
          : `The request was sent as ${current.label}.`}
      </p>
      <div class='row'>
        <ChooseIdentity />
      </div>
    </div>
  )
}

/**
 * Names the role that a demo requires if the current identity lacks it. The services of the suite
 * enforce roles; the hint only saves a rejected request.
 */
export function RoleHint ({ needed, what }: { needed: Role, what: string }) {
  const { current } = useStored(identities)
  if (may(current.role, needed)) return null
  return (
    <div class='notice' data-tone='warn'>
      <p>
        {what} needs the role {needed}. You are {current.label}
        {current.role === undefined ? '' : `, a ${current.role}`}.
      </p>
      <div class='row'>
        <ChooseIdentity />
      </div>
    </div>
  )
}
