import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const READY = /ready to accept connections|sentinel ID is/i

/** The process of one redis-server, which can be restarted after it has ended. */
export class ServerProcess {
  #child: ChildProcess | undefined

  constructor (readonly args: readonly string[]) {}

  /** Resolves once it accepts connections. @throws Error with its output if it ends first */
  async start (): Promise<void> {
    if (this.#child !== undefined) throw new Error('redis-server runs already')
    const child = spawn('redis-server', this.args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    // An aborted test runs no teardown.
    const abandon = () => { child.kill('SIGKILL') }
    process.once('exit', abandon)
    child.once('close', () => { process.off('exit', abandon) })
    await ready(child, child.stdout)
  }

  /** Kills it like a power cut, and resolves when it has ended. */
  async kill (): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'close')
    child.kill('SIGKILL')
    await ended
  }

  signal (signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }
}

/** Output after the expected line is read and discarded: otherwise the pipe would fill up. */
function ready (child: ChildProcess, stdout: NodeJS.ReadableStream): Promise<void> {
  const said: string[] = []
  return new Promise((resolve, reject) => {
    createInterface({ input: stdout }).on('line', (line) => {
      said.push(line)
      if (READY.test(line)) resolve()
    })
    child.once('error', reject)
    child.once('close', () => {
      reject(new Error(`redis-server did not start:\n${said.join('\n')}`))
    })
  })
}
