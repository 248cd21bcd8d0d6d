import { sqliteStore } from '../src/stores/sqlite.js'
import { recordOf, stateOf } from './told.js'

// A process that waits for a signal, opens the file of its first argument and writes fifty versions
// of one record, of the process and minute in the other arguments.
const [, , file = '', run = '', minute = ''] = process.argv

process.once('message', () => {
  work().then(() => process.exit(0), (error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
process.send?.('waiting')

async function work () {
  const store = sqliteStore({ file })
  for (let seq = 1; seq <= 50; seq++) {
    await store.write(stateOf(run), [recordOf(run, Number(minute), seq, seq)])
  }
  await store.close()
}
