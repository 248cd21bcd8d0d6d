import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// Preloaded by tests (--import): a message 'heap' has the process collect its garbage and tell how
// many bytes are left.
setFlagsFromString('--expose-gc')
const found: unknown = runInNewContext('gc')
const collect = () => { if (typeof found === 'function') Reflect.apply(found, undefined, []) }

process.on('message', (message) => {
  if (message !== 'heap') return
  // Twice: finalizers of the first round free what is outside of the heap.
  collect()
  setImmediate(() => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    process.send?.(heapUsed + external)
  })
})
// It keeps no process alive.
process.channel?.unref()
