import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Test } from 'tap'

/** The suite of fixtures/suite.ts as a process, as a user would start it. */
export interface SuiteProcess {
  readonly pid: number
  /**
   * Resolves with the captures of the first line of standard output, past or future, that matches
   * the pattern.
   */
  line(pattern: RegExp): Promise<RegExpExecArray>
  signal(signal: NodeJS.Signals): void
  /** Resolves when the process has ended. */
  readonly ended: Promise<{
    code: number | null
    signal: NodeJS.Signals | null
    stdout: string
    stderr: string
  }>
}

/** Starts it on free ports; it ends with the test. */
export function startSuite (t: Test, env: NodeJS.ProcessEnv = {}): SuiteProcess {
  const { REDIS_URL: _, LOG_LEVEL: __, DATA_DIR: ___, JWT_SECRET: ____, ...inherited } = process.env
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./fixtures/suite.js', import.meta.url))],
    {
      env: { ...inherited, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    }
  )
  if (child.pid === undefined) throw new Error('the suite could not be started')
  const { pid } = child

  const lines: string[] = []
  const waiting = new Set<() => void>()
  const output = createInterface({ input: child.stdout })
  output.on('line', (line) => {
    lines.push(line)
    for (const look of waiting) look()
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { stderr += chunk })

  const ended = once(child, 'close').then(() => ({
    code: child.exitCode,
    signal: child.signalCode,
    stdout: lines.join('\n'),
    stderr
  }))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })

  return {
    pid,
    ended,
    signal: (signal) => { child.kill(signal) },
    line: (pattern) => new Promise((resolve, reject) => {
      const look = () => {
        for (const line of lines) {
          const match = pattern.exec(line)
          if (match === null) continue
          waiting.delete(look)
          resolve(match)
          return
        }
      }
      waiting.add(look)
      look()
      output.once('close', () => {
        reject(new Error(`ended without a line like ${pattern}:\n${lines.join('\n')}\n${stderr}`))
      })
    })
  }
}
