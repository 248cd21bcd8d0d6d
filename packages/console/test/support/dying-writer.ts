import { type MinuteRecord } from '@weir/metrics'
import { openDatabase, writing } from '../../src/db/open.js'
import { addRows } from '../../src/history/add-rows.js'
import { rowsOf } from '../../src/history/rows.js'

// Adds the received records to the database named by the first argument, reports that, and never
// commits.
process.once('message', (records: MinuteRecord[]) => {
  const [, , file = ''] = process.argv
  openDatabase(file).then((db) => writing(db, async (transaction) => {
    await addRows(transaction, rowsOf(records))
    process.send?.('added')
    // The timer keeps the transaction referenced: otherwise garbage collection would close its
    // connection and end it.
    await new Promise(() => { setInterval(() => transaction, 1000) })
  })).catch((error: unknown) => { process.send?.(String(error)) })
})
