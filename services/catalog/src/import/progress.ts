import { Presets, SingleBar } from 'cli-progress'

/** Reports the progress of an import. */
export interface Progress {
  start (bytes: number): void
  advance (bytes: number, rows: number): void
  stop (rows: number): void
  /** Called when all rows are read and valid; then they are written to the catalog. */
  write (rows: number): void
}

/**
 * Shows a bar on a terminal. Otherwise (a log, a pipe, a terminal without cursor control) it writes
 * a plain line every 10% of the file, without carriage returns or escapes.
 */
export function createProgress (
  stream: NodeJS.WriteStream,
  terminal = process.env['TERM']
): Progress {
  return {
    ...(stream.isTTY && terminal !== 'dumb' ? bar(stream) : plainLines(stream)),
    write: (rows) => {
      stream.write(`Writing ${rows} rows\n`)
    }
  }
}

type Reading = Omit<Progress, 'write'>

function bar (stream: NodeJS.WriteStream): Reading {
  const bar = new SingleBar(
    { stream, format: 'Reading {bar} {percentage}% | {rows} rows | {eta_formatted} left' },
    Presets.shades_classic
  )
  return {
    start: (bytes) => bar.start(bytes, 0, { rows: 0 }),
    advance: (bytes, rows) => bar.increment(bytes, { rows }),
    stop: (rows) => {
      bar.update({ rows })
      bar.stop()
    }
  }
}

function plainLines (stream: NodeJS.WriteStream): Reading {
  let total = 0
  let read = 0
  let next = 10
  return {
    start (bytes) { total = bytes },
    advance (bytes) {
      read += bytes
      const percent = Math.floor(100 * read / total)
      if (percent < next) return
      stream.write(`Reading: ${percent}%\n`)
      next = percent - percent % 10 + 10
    },
    stop () {}
  }
}
