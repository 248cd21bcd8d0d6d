import { Recorder } from '@weir/metrics'
import { sqliteStore } from '@weir/metrics/sqlite'

// An instance that reports to the file named by the first argument, until it is killed or receives
// a message to close gracefully.
const [, , file = '', instance = ''] = process.argv
const store = sqliteStore({ file })
const recorder = new Recorder({
  store,
  service: 'catalog',
  instance,
  vitals: () => ({
    rssBytes: 1,
    heapBytes: 1,
    eventLoopDelayMs: 1,
    l1: { entries: 0, bytes: 0, evictions: 0 },
    invalidations: []
  })
})
await recorder.flush()
process.send?.('told')
process.once('message', () => {
  recorder.close().then(() => process.exit(0), () => process.exit(1))
})
