import { Presets, SingleBar } from 'cli-progress'

/** How far a file has been read. */
export interface Progress {
  start (bytes: number): void
  advance (bytes: number, rows: number): void
  stop (rows: number): void
}

/** A bar where there is a terminal, otherwise (a log, a pipe) a plain line every 10 % of the file. */
export function createProgress (stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? bar(stream) : plainLines(stream)
}

function bar (stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({ stream, format: 'Reading {bar} {percentage}% | {rows} rows | {eta_formatted} left' }, Presets.shades_classic)
  return {
    start: (bytes) => bar.start(bytes, 0, { rows: 0 }),
    advance: (bytes, rows) => bar.increment(bytes, { rows }),
    stop: (rows) => {
      bar.update({ rows })
      bar.stop()
    }
  }
}

function plainLines (stream: NodeJS.WriteStream): Progress {
  let total = 0
  let read = 0
  let next = 10
  return {
    start (bytes) { total = bytes },
    advance (bytes) {
      read += bytes
      const percent = Math.floor(100 * read / total)
      if (percent < next) return
      stream.write(`Reading: ${percent} %\n`)
      next = percent - percent % 10 + 10
    },
    stop () {}
  }
}
