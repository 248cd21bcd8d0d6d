import type { Transaction } from 'kysely'
import { firstRowId, type Rows } from './rows.js'
import type { OutboxSchema } from './table.js'

/**
 * Messages between instances that commit with a transaction, such as those of `openNotifications`
 * of @weir/postgres. They may be lost.
 */
export interface OutboxNotifications {
  /** Sends a message to every instance when the transaction commits. */
  announce (trx: Transaction<OutboxSchema>, channel: string, message: string): Promise<void>
  /** Calls `heard` for each message; returns a function that stops it. */
  listen (channel: string, heard: (message: string) => void): () => void
}

/** Dependencies of notices. */
export interface NoticesParts {
  readonly notifications: OutboxNotifications
  readonly namespace: string
  readonly rows: Pick<Rows, 'hasAny'>
  /** Called when a writer seems to need help. */
  readonly onOverdue: () => void
}

const CHANNEL = 'weir_outbox'
/** Length of a ticket's id, which begins the message; the namespace follows. */
const ID_LENGTH = 32
/** Milliseconds that a writer has to deliver its own ticket before others do it. */
const OVERDUE_AFTER = 25
/** Number of tickets looked for at once: the next poll finds any others. */
const MAX_TICKETS = 1000

/**
 * Notices tickets whose writer does not deliver them, without waiting for the next poll.
 *
 * A notice only makes a poll run earlier, and is no proof of anything: polls alone renew the lease.
 */
export class Notices {
  readonly #parts: NoticesParts
  #tickets: string[] = []
  #timer: NodeJS.Timeout | undefined
  #stop: (() => void) | undefined

  constructor (parts: NoticesParts) {
    this.#parts = parts
  }

  /** Announces a ticket, as part of its transaction. */
  async announce (trx: Transaction<OutboxSchema>, ticketId: string): Promise<void> {
    const { notifications, namespace } = this.#parts
    await notifications.announce(trx, CHANNEL, ticketId + namespace)
  }

  start (): void {
    this.#stop ??= this.#parts.notifications.listen(CHANNEL, (message) => { this.#hear(message) })
  }

  stop (): void {
    this.#stop?.()
    clearTimeout(this.#timer)
  }

  #hear (message: string): void {
    if (message.slice(ID_LENGTH) !== this.#parts.namespace) return
    if (this.#tickets.length < MAX_TICKETS) this.#tickets.push(message.slice(0, ID_LENGTH))
    this.#timer ??= setTimeout(() => {
      const ids = this.#tickets.map(firstRowId)
      this.#tickets = []
      this.#timer = undefined
      this.#parts.rows.hasAny(ids).then(
        (isOverdue) => { if (isOverdue) this.#parts.onOverdue() },
        // The next poll reports that the database does not answer.
        () => {}
      )
    }, OVERDUE_AFTER)
  }
}
