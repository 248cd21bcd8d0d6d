import type { DisposableFile } from '../src/index.js'
import { add, all, type Numbers, openNumbers } from './numbers.js'

// A process that uses a file on command: see user-process.ts.
let file: DisposableFile<Numbers> | undefined
let warnings = 0
process.on('warning', (warning) => {
  if ('code' in warning && warning.code === 'WEIR_SQLITE_SET_ASIDE') warnings++
})

process.on('message', ([operation, argument]: [string, string | number]) => {
  try {
    process.send?.({ value: run(operation, argument) })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    process.send?.({ error: `${code} ${String(error)}` })
  }
})
process.send?.('ready')

function run (operation: string, argument: string | number) {
  if (operation === 'open') {
    file?.close()
    file = openNumbers(String(argument))
    return undefined
  }
  if (operation === 'warnings') return warnings
  if (file === undefined) throw new Error('open a file first')
  if (operation === 'sleep') {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(argument))
  }
  if (operation === 'add') return add(file, Number(argument))
  return all(file)
}
