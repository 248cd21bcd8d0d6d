import { type ChildProcess, fork } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { type Readable } from 'node:stream'
import { StartError } from './errors.js'
import { HOST } from './ports.js'

const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5_000
/** Uptime after which an instance is restarted without delay. */
const STABLE_MS = 10_000
/** Long enough for the first start, which migrates and seeds the database. */
const READY_WITHIN_MS = 60_000
const KILL_AFTER_MS = 1_500
const MAX_FAILED_STARTS = 5
/** The exit status of a service for which another start is of no use: EX_CONFIG of sysexits.h. */
const EXIT_HOPELESS = 78
const HELD_LINES = 30

/** The program of an instance, and its settings. */
export interface InstanceOptions {
  readonly name: string
  /**
   * Compiled program. Sends `{ type: 'ready', port }` over IPC once it listens, ends on SIGTERM and
   * on IPC disconnect.
   */
  readonly entry: string
  readonly env: NodeJS.ProcessEnv
  /** Prints one line at the terminal. */
  readonly say: (line: string) => void
}

/** A supervised child process: started, watched, restarted when it dies, stopped. */
export class Instance {
  readonly name: string
  /** URL of the process; undefined while it cannot answer. */
  url: string | undefined
  readonly #options: InstanceOptions
  #env: NodeJS.ProcessEnv = {}
  #starting: { resolve: () => void, reject: (error: Error) => void } | undefined
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #stopping = false
  #failures = 0
  /** Output of a start in progress: printed only if it fails. */
  #held: string[] | undefined

  constructor (options: InstanceOptions) {
    this.#options = options
    this.name = options.name
  }

  /**
   * Starts the process with `env` added to its environment, and resolves once it is ready. Does
   * nothing after `stop()`.
   *
   * @throws StartError `WEIR_ERR_INSTANCE_FAILED` after five deaths in a row without having been
   *   ready, `WEIR_ERR_HOPELESS` at once if its configuration prevents a start
   */
  start (env: NodeJS.ProcessEnv = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#starting = { resolve, reject }
      this.#env = { ...this.#options.env, ...env }
      if (!this.#stopping) this.#spawn()
    })
  }

  /**
   * Asks the process to end (SIGTERM), kills it after 1.5 s (SIGKILL), resolves when it is gone.
   */
  async stop (): Promise<void> {
    this.#stopping = true
    this.url = undefined
    clearTimeout(this.#timer)
    this.#child?.kill('SIGTERM')
    const straggler = setTimeout(() => { this.kill() }, KILL_AFTER_MS)
    await this.#ended
    clearTimeout(straggler)
  }

  /** Kills the process. */
  kill (): void {
    this.#stopping = true
    clearTimeout(this.#timer)
    this.#child?.kill('SIGKILL')
  }

  #spawn (): void {
    this.#held = []
    const child = fork(this.#options.entry, [], {
      env: this.#env,
      // Bundles and compiled programs have source maps: stacks name source lines.
      execArgv: ['--enable-source-maps'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A process group of its own: Ctrl-C reaches only the supervisor, which then ends each
      // instance once and in order.
      detached: true
    })
    this.#child = child
    this.#read(child.stdout)
    let lastError = ''
    this.#read(child.stderr)?.on('line', (line) => { lastError = line })
    this.#timer = setTimeout(() => {
      this.#held?.push(`not ready within ${READY_WITHIN_MS / 1000} s`)
      child.kill('SIGKILL')
    }, READY_WITHIN_MS)

    let readyAt: number | undefined
    child.on('message', (message) => {
      if (!isReady(message) || this.#stopping) return
      clearTimeout(this.#timer)
      readyAt = performance.now()
      this.url = `http://${HOST}:${message.port}`
      this.#release()
      if (this.#starting === undefined) {
        this.#options.say(`weir: ${this.name} is back at ${this.url}`)
      }
      this.#starting?.resolve()
      this.#starting = undefined
    })

    let how = 'died'
    let status: number | null = null
    child.once('exit', (code, signal) => {
      status = code
      how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`
      this.url = undefined
    })
    // A process that could not be created emits no 'exit', but 'close'.
    child.once('error', (error) => { how = `could not be started (${error.message})` })
    // 'close' comes after 'exit', and after the last of its output.
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        clearTimeout(this.#timer)
        this.#child = undefined
        if (this.#starting !== undefined && status === EXIT_HOPELESS) {
          this.#starting.reject(
            new StartError('WEIR_ERR_HOPELESS', `${this.name} cannot start: ${lastError}`)
          )
        } else if (!this.#stopping) this.#comeBack(how, readyAt)
        resolve()
      })
    })
  }

  #comeBack (how: string, readyAt: number | undefined): void {
    if (readyAt !== undefined && performance.now() - readyAt > STABLE_MS) this.#failures = 0
    this.#failures++
    if (this.#starting !== undefined && this.#failures >= MAX_FAILED_STARTS) {
      const last = this.#held?.map((line) => `\n  ${line}`).join('') ?? ''
      this.#starting.reject(
        new StartError(
          'WEIR_ERR_INSTANCE_FAILED',
          `${this.name} did not start: it ${how}, ${this.#failures} times in a row.${last && ` Its last output:${last}`}`
        )
      )
      return
    }
    if (this.#starting === undefined) this.#release()
    const delay = Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 1), LONGEST_DELAY_MS)
    this.#options.say(`weir: ${this.name} ${how}; restarting it in ${delay} ms`)
    this.#timer = setTimeout(() => { this.#spawn() }, delay)
  }

  #read (output: Readable | null): Interface | undefined {
    if (output === null) return undefined
    return createInterface({ input: output }).on('line', (line) => {
      if (this.#held === undefined) this.#options.say(`[${this.name}] ${line}`)
      else if (this.#held.push(line) > HELD_LINES) this.#held.shift()
    })
  }

  #release (): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const line of held) this.#options.say(`[${this.name}] ${line}`)
  }
}

function isReady (message: unknown): message is { type: 'ready', port: number } {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === 'ready' &&
    'port' in message &&
    typeof message.port === 'number'
  )
}
