import { channel } from 'node:diagnostics_channel'
import { isReplyError, type Script } from '@weir/internal'

/**
 * A command that Redis' access control list denies, and the rule that would allow it.
 *
 * Published once on `weir:redis:denied`.
 */
export interface Denial {
  /** The client whose user lacks the permission. */
  readonly client: object
  /** The command: `GET`, `EVALSHA`, `SSUBSCRIBE`. */
  readonly command: string
  /** The missing rules for ACL SETUSER; if Redis does not identify the one, all candidates. */
  readonly grant: string
  /** Names the command and the rule to grant. */
  readonly message: string
}

/** A command that was sent, for messages about it. */
export interface Sent {
  readonly command: string
  readonly name: string
  readonly script?: Script
  /** Another command is equivalent, so the denial need not be reported. */
  readonly isOptional?: boolean
}

const denied = channel('weir:redis:denied')
const granted = channel('weir:redis:granted')

interface Known {
  readonly denial: Denial
  /** All commands denied for lack of this rule. */
  readonly sent: Set<string>
  /** Whether only scripts were denied. */
  isOfScripts: boolean
}

// Denials by rule. Stores that use the same client share them.
const known = new WeakMap<object, Map<string, Known>>()

/**
 * Returns the commands that Redis denies to a client's user. Empty again as soon as they are
 * allowed.
 */
export const denialsOf = (client: object): readonly Denial[] =>
  [...(known.get(client)?.values() ?? [])].map(({ denial }) => denial)

/** Records the commands that Redis denies to a client, so that they can be granted. */
export class Denials {
  readonly #known: Map<string, Known>

  /** @param pattern prefix of all names, such as `weir:` */
  constructor (readonly client: object, readonly pattern: string) {
    this.#known = known.get(client) ?? new Map<string, Known>()
    known.set(client, this.#known)
  }

  failed (sent: Sent, error: unknown): void {
    if (!isReplyError(error) || sent.isOptional === true) return
    const grant = missing(error.message, sent, this.pattern)
    if (grant === undefined) return
    const before = this.#known.get(grant)
    const isOfScripts = sent.script !== undefined
    if (before !== undefined) {
      before.sent.add(keyOf(sent))
      before.isOfScripts &&= isOfScripts
      return
    }
    const { command, name } = sent
    const message = `Redis does not allow ${command} of ${name}. Grant it: ACL SETUSER ${userIn(error.message)} ${grant}`
    const denial = { client: this.client, command, grant, message }
    this.#known.set(grant, { denial, sent: new Set([keyOf(sent)]), isOfScripts })
    denied.publish(denial)
  }

  succeeded (sent: Sent): void {
    if (this.#known.size === 0) return
    for (const [grant, { sent: refused, isOfScripts }] of this.#known) {
      // A script may succeed without the denied rule in other calls. Other commands may not.
      const isAllowed = isOfScripts || sent.script === undefined
      if (isAllowed && refused.has(keyOf(sent))) this.#known.delete(grant)
    }
    if (this.#known.size === 0) granted.publish({ client: this.client })
  }
}

const keyOf = ({ command, script }: Sent) => `${command} ${script?.sha ?? ''}`

const userIn = (message: string) =>
  /\buser (\S+) has no permissions/i.exec(message)?.[1] ?? '<user>'

/** Returns the rules that a refusal is about; undefined if it has another reason. */
function missing (message: string, { command, script }: Sent, pattern: string): string | undefined {
  if (!/^NOPERM|user executing the script can't|ACL failure/i.test(message)) return undefined
  const named = /run the '([^']+)' command/.exec(message)?.[1]
  if (named !== undefined) return `+${named}`
  if (/\bkeys?\b/.test(message)) return `~${pattern}*`
  if (/\bchannels?\b/.test(message)) return `&${pattern}*`
  if (script === undefined) return `+${command.toLowerCase()}`
  // Redis 7.0 reports only the line. Granting everything that the script calls is correct too.
  const line = Number(/@user_script:(\d+)/.exec(message)?.[1])
  const onLine = commandsIn(script.source.split('\n')[line - 1] ?? '')
  return (onLine.length > 0 ? onLine : commandsIn(script.source))
    .map((name) => `+${name}`)
    .join(' ')
}

const commandsIn = (source: string) => [
  ...new Set(
    [...source.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, name = '']) => name.toLowerCase())
  )
]
