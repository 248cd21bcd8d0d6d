import { Breaker } from '@weir/internal'
import { CacheError, shown } from '../../errors.js'
import { Slots } from '../slots.js'
import { withinAwake } from '../within-awake.js'
import { parserOf } from './bytes-parser.js'
import { isAnswer, isConflict, isMissing } from './failures.js'
import type { PostgresClient, PostgresPool, PostgresQuery } from './pool.js'
import type { FunctionName, Schema } from './schema.js'

export type Value = string | number | Buffer | null | readonly string[] | readonly number[]

/** A row: each value as Postgres writes it. */
export type Row = readonly (string | null)[]

// Maximum number of retries after conflicts, which occur only under stricter isolation than the
// default.
const TRIES = 20
// Milliseconds that creating the tables may take: it waits for other instances that do the same.
const INSTALLED_WITHIN = 10_000
// Milliseconds after a failed installation, e.g. for lack of privileges, before the next attempt.
const INSTALL_AGAIN = 250

const asText = { getTypeParser: parserOf }

export const queryOf = (text: string, values: readonly Value[] = []): PostgresQuery =>
  ({ text, values: [...values], rowMode: 'array', types: asText })

/**
 * Sends the store's commands to Postgres, behind a breaker. Each is one statement and one
 * transaction.
 *
 * Commands wait here for a connection, and their time starts when they get one: queueing does not
 * count as an outage. When the breaker opens, waiting commands are rejected without being sent.
 */
export class Commands {
  readonly #breaker: Breaker
  readonly #slots: Slots
  readonly #uses = new Set<Use>()
  #installing: Promise<void> | undefined

  /**
   * @param atOnce maximum number of commands in flight: as many as there are connections
   * @param timeout milliseconds for each command
   */
  constructor (
    readonly pool: PostgresPool,
    atOnce: number,
    readonly schema: Schema,
    readonly timeout: number
  ) {
    this.#slots = new Slots(atOnce)
    this.#breaker = new Breaker({
      name: 'postgres',
      probe: () => this.#timed(queryOf('SELECT 1')),
      refusal: () => new CacheError('WEIR_CACHE_STORE_UNAVAILABLE', 'The store'),
      isAnswer
    })
  }

  /**
   * Calls one of the schema's functions.
   * @param sent called before the command is sent; not called if it is rejected
   */
  call (
    name: FunctionName,
    values: readonly Value[],
    sent: () => void = ignore
  ): Promise<readonly Row[]> {
    return this.#slots.run(() =>
      this.#breaker.run(() => {
        sent()
        return this.send(name, values)
      })
    )
  }

  /**
   * Like `call`, but immediately and whatever the breaker's state: for undoing an earlier command
   * that may still be executed.
   */
  send (name: FunctionName, values: readonly Value[]): Promise<readonly Row[]> {
    return this.#timed(queryOf(this.schema.call(name, values.length), values))
  }

  /**
   * Creates the tables and functions. One attempt runs at a time; after a failure, the next one
   * waits for a moment.
   */
  install (): Promise<void> {
    if (this.#installing === undefined) {
      const forget = () => {
        this.#installing = undefined
      }
      this.#installing = this.#install()
      this.#installing.then(forget, () => {
        setTimeout(forget, INSTALL_AGAIN).unref()
      })
    }
    return this.#installing
  }

  /**
   * Stops the probes and rejects all commands, waiting or in flight: a pool that ends forgets
   * commands that wait for a connection.
   */
  close (): void {
    this.#breaker.stop()
    this.#slots.refuse(
      new CacheError('WEIR_CACHE_STORE_FAILED', 'answer: the store on Postgres is closed')
    )
    for (const use of this.#uses) use.giveUp()
  }

  async #install (): Promise<void> {
    await this.#use(INSTALLED_WITHIN, (use) => use.ask(queryOf(this.schema.install)))
  }

  #timed (query: PostgresQuery): Promise<readonly Row[]> {
    return this.#use(this.timeout, (use) => this.#repeated(use, query))
  }

  async #use<R>(ms: number, run: (use: Use) => Promise<R>): Promise<R> {
    const use = new Use(this.pool)
    this.#uses.add(use)
    try {
      return await withinAwake(
        ms,
        run(use),
        () =>
          new CacheError('WEIR_CACHE_STORE_TIMEOUT', `Postgres has not answered within ${ms} ms`)
      )
    } finally {
      this.#uses.delete(use)
      use.giveUp()
    }
  }

  async #repeated (use: Use, query: PostgresQuery): Promise<readonly Row[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await use.ask(query)
      } catch (error) {
        if (tries === TRIES) throw error
        if (isMissing(error)) await this.install()
        else if (!isConflict(error)) throw error
      }
    }
  }
}

/** A command's use of the pool. The command may give it up at any time. */
class Use {
  #isGivenUp = false
  #refuse: ((error: Error) => void) | undefined
  #client: PostgresClient | undefined

  constructor (readonly pool: PostgresPool) {}

  async ask (query: PostgresQuery): Promise<readonly Row[]> {
    if (this.#isGivenUp) throw givenUp()
    const client = await this.#connect()
    try {
      const { rows } = await client.query(query)
      this.#release(false)
      return rows.map(asRow)
    } catch (error) {
      this.#release(!isAnswer(error))
      throw error
    }
  }

  /**
   * Ends the connection if there is no answer yet: a late answer would be taken for that of the
   * next command.
   */
  giveUp (): void {
    this.#isGivenUp = true
    this.#refuse?.(givenUp())
    this.#release(true)
  }

  /** A pool may answer late or never. */
  #connect (): Promise<PostgresClient> {
    return new Promise((resolve, reject) => {
      this.#refuse = reject
      this.pool.connect((error, client) => {
        // The query fails with the same error.
        client?.on('error', ignore)
        if (client === undefined) reject(error ?? new Error('the pool gives no client'))
        else if (this.#isGivenUp) release(client, false)
        else {
          this.#client = client
          resolve(client)
        }
      })
    })
  }

  #release (isDoubtful: boolean): void {
    const client = this.#client
    this.#client = undefined
    if (client !== undefined) release(client, isDoubtful)
  }
}

function release (client: PostgresClient, isDoubtful: boolean): void {
  client.release(isDoubtful)
  // An ended client may still emit errors; the pool listens to the others.
  if (!isDoubtful) client.off('error', ignore)
}

const ignore = () => {}

const givenUp = () => new Error('the command was given up')

const isRow = (row: unknown): row is Row =>
  Array.isArray(row) && row.every((value) => typeof value === 'string' || value === null)

function asRow (row: unknown): Row {
  if (isRow(row)) return row
  throw new CacheError('WEIR_CACHE_STORE_FAILED', `answer with a row of text, but ${shown(row)}`)
}
