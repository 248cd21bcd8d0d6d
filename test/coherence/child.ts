import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Teardowns } from './teardowns.js'

/**
 * A program started by the run, with pipes for its output. It ends with the run, or with this
 * process, at the latest.
 */
export class Child {
  readonly #lines: string[] = []
  readonly #process: ChildProcess
  readonly #ended: Promise<void>
  #look: (line: string) => void = () => {}

  constructor (teardowns: Teardowns, process: ChildProcess) {
    this.#process = process
    for (const input of [process.stdout, process.stderr]) {
      if (input !== null) createInterface({ input }).on('line', (line) => { this.#heard(line) })
    }
    process.once('error', (error) => { this.#heard(error.message) })
    // After 'close', not 'exit', there is no more output.
    this.#ended = new Promise((resolve) => { process.once('close', () => { resolve() }) })
    const abandon = () => { process.kill('SIGKILL') }
    globalThis.process.once('exit', abandon)
    process.once('close', () => { globalThis.process.off('exit', abandon) })
    teardowns.add(() => this.kill())
  }

  /** All output so far. */
  get output (): string {
    return this.#lines.join('\n')
  }

  get ended (): Promise<void> {
    return this.#ended
  }

  /** Waits for the next line that matches. */
  async line (pattern: RegExp): Promise<string> {
    const ended = this.#ended.then(() => {
      throw new Error(`a program ended before it said ${pattern}:\n${this.output}`)
    })
    return Promise.race([ended, new Promise<string>((resolve) => {
      this.#look = (line) => { if (pattern.test(line)) resolve(line) }
    })])
  }

  /** Kills it like a crash (SIGKILL). Resolves when it has ended. */
  async kill (): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }

  /** Freezes it (SIGSTOP): connections stay open, nothing answers. */
  freeze (): void {
    this.#process.kill('SIGSTOP')
  }

  thaw (): void {
    this.#process.kill('SIGCONT')
  }

  #heard (line: string): void {
    this.#lines.push(line)
    this.#look(line)
  }
}
