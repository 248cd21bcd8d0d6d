import { subscribe } from 'node:diagnostics_channel'
import { createOutbox } from '../src/index.js'
import { connect } from './database.js'

/**
 * An instance in a process of its own: `node instance.js FILE ROLE`. It says over IPC how far it
 * is.
 * - writer: commits an invalidation that it cannot deliver, and goes on trying
 * - unfinished: writes one in a transaction that does not end
 * - relay: delivers what it finds
 */
const [, , file = '', role] = process.argv
const db = connect(file)
const say = (message: unknown) => { process.send?.(message) }

if (role === 'relay') {
  const outbox = createOutbox({ db, invalidate: async (tags) => { say({ invalidated: tags }) } })
  subscribe('weir:outbox:relay', () => {
    outbox.pending().then((pending) => { say({ pending }) }, say)
  })
  outbox.start()
  process.once('disconnect', () => {
    outbox.stop().then(() => db.destroy()).catch((error: unknown) => { throw error })
  })
} else {
  const outbox = createOutbox({ db, invalidate: () => new Promise(() => {}) })
  const ticket = await db.transaction().execute(async (trx) => {
    await trx.insertInto('products').values({ name: 'Kettle' }).execute()
    const ticket = await outbox.add(trx, [`from ${role}`])
    if (role === 'unfinished') {
      say('written')
      await new Promise(() => {})
    }
    return ticket
  })
  say('committed')
  await outbox.deliver(ticket)
}
