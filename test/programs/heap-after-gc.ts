import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// Preloaded by tests (--import): on a message 'heap' the process collects its garbage and reports
// the remaining bytes.
setFlagsFromString('--expose-gc')
const found: unknown = runInNewContext('gc')
const collect = () => { if (typeof found === 'function') Reflect.apply(found, undefined, []) }

process.on('message', (message) => {
  if (message !== 'heap') return
  // Twice: finalizers of the first round free memory outside of the heap.
  collect()
  setImmediate(() => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    process.send?.(heapUsed + external)
  })
})
// The channel keeps no process alive.
process.channel?.unref()
