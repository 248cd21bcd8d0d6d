#!/usr/bin/env node
import { dispatch } from './dispatch.js'

const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => { ending.abort() })
}
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has enough, such as `head`, closes the pipe.
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
    if (stream === process.stdout) process.stderr.write(`weir cannot write: ${error.message}.\n`)
    process.exit(1)
  })
}

process.exitCode = await dispatch(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  isTTY: process.stdout.isTTY,
  columns: process.stdout.columns,
  signal: ending.signal
})
