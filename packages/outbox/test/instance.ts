import { subscribe } from 'node:diagnostics_channel'
import { createOutbox } from '../src/index.js'
import { connect } from './database.js'

/**
 * An instance in a separate process: `node instance.js FILE ROLE`. Reports its progress over IPC.
 * - writer: commits an invalidation that it cannot deliver, and keeps trying
 * - unfinished: writes one in a transaction that does not end
 * - relay: delivers the ones it finds
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
