import { may, type Role } from '../model/token.js'
import { isAsking } from '../shell/identity-button.js'
import { identities } from '../state/identity.js'
import { useStored } from '../state/use-stored.js'

/** Where one says who one is. */
export const ChooseIdentity = () => (
  <button class='button compact' type='button' onClick={() => isAsking.set(true)}>
    Choose an identity
  </button>
)

/**
 * Says which role is needed, while one has it not. The services decide: this only spares a refusal.
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
