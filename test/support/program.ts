import { type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Readable } from 'node:stream'
import { type Test } from 'tap'

/** A program run by a test. It ends with the test at the latest. */
export interface Program {
  readonly process: ChildProcess
  /** Output so far. */
  readonly output: () => string
  /**
   * Resolves when a line of its output matches `pattern`; rejects, with all of its output, if it
   * ends without.
   */
  readonly line: (pattern: RegExp) => Promise<string>
  /** Asks it to end (SIGTERM) and waits until it has. */
  readonly stop: () => Promise<void>
  /** Kills it like a crash (SIGKILL) and waits until it has ended. */
  readonly kill: () => Promise<void>
  /** Freezes it (SIGSTOP): connections stay open, nothing answers. */
  readonly pause: () => void
  /** Resumes it (SIGCONT). */
  readonly resume: () => void
}

/** Watches a child process whose standard output and error are pipes. */
export function program (t: Test, child: ChildProcess): Program {
  const lines: string[] = []
  const waiting = new Set<(line: string) => void>()
  const read = (input: Readable | null): void => {
    if (input === null) return
    createInterface({ input }).on('line', (line) => {
      lines.push(line)
      for (const look of waiting) look(line)
    })
  }
  read(child.stdout)
  read(child.stderr)

  // 'close', not 'exit': no output follows it. It also comes when the program could not be started.
  const ended = new Promise<void>((resolve) => { child.once('close', () => { resolve() }) })
  child.once('error', (error) => { lines.push(error.message) })

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    // A frozen process reacts to nothing but SIGKILL.
    child.kill('SIGCONT')
    await ended
  }
  t.teardown(() => end('SIGKILL'))
  // A test that is aborted has no teardown.
  const abandon = (): void => { child.kill('SIGKILL') }
  process.once('exit', abandon)
  child.once('close', () => process.off('exit', abandon))

  const output = (): string => lines.join('\n')
  return {
    process: child,
    output,
    line: (pattern) => new Promise((resolve, reject) => {
      const look = (line: string): void => {
        if (!pattern.test(line)) return
        waiting.delete(look)
        resolve(line)
      }
      waiting.add(look)
      lines.forEach(look)
      ended.then(() => {
        reject(new Error(`${child.spawnfile} ended before it said ${pattern}:\n${output()}`))
      }, reject)
    }),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => { child.kill('SIGSTOP') },
    resume: () => { child.kill('SIGCONT') }
  }
}
