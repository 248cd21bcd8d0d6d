import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import type { Held } from './heap-process.js'

// Garbage collections take long on a busy machine.
t.setTimeout(300_000)

const PROGRAM = fileURLToPath(new URL('heap-process.js', import.meta.url))

t.test(
  'the estimated memory is within a quarter of the actual heap, for all kinds of values',
  { timeout: 110_000 },
  async (t) => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      '--single-threaded-gc',
      '--no-flush-bytecode',
      PROGRAM
    ])
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Held)
    t.ok(lines.length > 30)
    for (const { shape, from, heap, estimate } of lines) {
      const ratio = estimate / heap
      t.ok(
        ratio > 0.75 && ratio < 1.25,
        `${shape}, from a ${from}: ${Math.round(estimate)} of ${Math.round(heap)} bytes, ${ratio.toFixed(2)}`
      )
    }
  }
)
