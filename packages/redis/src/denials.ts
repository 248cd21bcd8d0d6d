import { channel } from 'node:diagnostics_channel'
import { isReplyError, type Script } from '@weir/internal'

/**
 * Something that Redis' access control list does not allow, and what would. Published on
 * `weir:redis:denied`, once.
 */
export interface Denial {
  /** The client whose user may not. */
  readonly client: object
  /** What was sent: `GET`, `EVALSHA`, `SSUBSCRIBE`. */
  readonly command: string
  /**
   * The rules that are missing, for ACL SETUSER; where Redis does not say which of several, all
   * that may be.
   */
  readonly grant: string
  /** Names the command and says what to grant. */
  readonly message: string
}

/** What was sent, for a message about it. */
export interface Sent {
  readonly command: string
  readonly name: string
  readonly script?: Script
  /** Another command does as well: that it is denied need not be told. */
  readonly isOptional?: boolean
}

const denied = channel('weir:redis:denied')
const granted = channel('weir:redis:granted')

interface Known {
  readonly denial: Denial
  /** All that was refused for it. */
  readonly sent: Set<string>
  /** Nothing but scripts was refused. */
  isOfScripts: boolean
}

// By what is to be granted. Those of one client are shared by all stores that use it.
const known = new WeakMap<object, Map<string, Known>>()

/**
 * What Redis denies to the user of a client. It is empty again as soon as what was denied is
 * allowed.
 */
export const denialsOf = (client: object): readonly Denial[] =>
  [...(known.get(client)?.values() ?? [])].map(({ denial }) => denial)

/** Notes what Redis denies to a client, for those who are to grant it. */
export class Denials {
  readonly #known: Map<string, Known>

  /** @param pattern what all names begin with, such as `weir:` */
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
      // A script does not always need what it was refused for. Other commands do.
      const isAllowed = isOfScripts || sent.script === undefined
      if (isAllowed && refused.has(keyOf(sent))) this.#known.delete(grant)
    }
    if (this.#known.size === 0) granted.publish({ client: this.client })
  }
}

const keyOf = ({ command, script }: Sent) => `${command} ${script?.sha ?? ''}`

const userIn = (message: string) =>
  /\buser (\S+) has no permissions/i.exec(message)?.[1] ?? '<user>'

/** The rules that a refusal asks for; undefined if it is about something else. */
function missing (message: string, { command, script }: Sent, pattern: string): string | undefined {
  if (!/^NOPERM|user executing the script can't|ACL failure/i.test(message)) return undefined
  const named = /run the '([^']+)' command/.exec(message)?.[1]
  if (named !== undefined) return `+${named}`
  if (/\bkeys?\b/.test(message)) return `~${pattern}*`
  if (/\bchannels?\b/.test(message)) return `&${pattern}*`
  if (script === undefined) return `+${command.toLowerCase()}`
  // Redis 7.0 tells only the line. Granting all that the script calls is right, too.
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
