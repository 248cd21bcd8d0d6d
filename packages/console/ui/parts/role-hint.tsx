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
 * Names the required role if the current identity lacks it. The services enforce roles; the hint
 * only saves a rejected request.
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
