import { shown } from '@weir/internal'
import type { RedisConnection } from '@weir/redis'
import { LimiterError } from '../../errors.js'
import type { Policy } from '../../policy.js'
import type { Leased, LeaseTerms, Verdict } from '../../store.js'
import { DECIDE } from './script.js'

/** A request for one key, with its caller. */
interface Question {
  readonly key: string
  readonly operation: 'take' | 'peek' | 'lease'
  readonly policies: readonly Policy[]
  readonly cost: number
  readonly terms: LeaseTerms | undefined
  readonly resolve: (answer: Leased) => void
  readonly reject: (error: unknown) => void
}

// Redis executes nothing else meanwhile: a quarter of a millisecond.
const MOST = 64

/**
 * Combines all requests of one turn of the event loop into one command.
 *
 * A command costs client and server more than the decision in it. In a Cluster each request is a
 * command.
 */
export class Batch {
  readonly #most: number
  #waiting: Question[] = []

  constructor (readonly connection: RedisConnection) {
    this.#most = connection.isCluster ? 1 : MOST
  }

  /** @param key full name of the key in Redis */
  async ask (
    operation: 'take' | 'peek',
    key: string,
    policies: readonly Policy[],
    cost: number
  ): Promise<readonly Verdict[]> {
    return (await this.#asked({ operation, key, policies, cost, terms: undefined })).verdicts
  }

  /** Like `ask` for a take, with a slice. */
  lease (
    key: string,
    policies: readonly Policy[],
    cost: number,
    terms: LeaseTerms
  ): Promise<Leased> {
    return this.#asked({ operation: 'lease', key, policies, cost, terms })
  }

  #asked (question: Omit<Question, 'resolve' | 'reject'>): Promise<Leased> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) {
        setImmediate(() => {
          this.#sendAll()
        })
      }
      this.#waiting.push({ ...question, resolve, reject })
    })
  }

  #sendAll (): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (let i = 0; i < waiting.length; i += this.#most) {
      const asked = waiting.slice(i, i + this.#most)
      this.#send(asked)
        .then((reply) => {
          answer(asked, reply)
        })
        .catch((error: unknown) => {
          for (const { reject } of asked) reject(error)
        })
    }
  }

  #send (asked: readonly Question[]): Promise<unknown> {
    return this.connection.evaluate(
      DECIDE,
      asked.map(({ key }) => key),
      described(asked)
    )
  }
}

/**
 * Returns the script's arguments. Arguments that a key shares with the previous one, as is common,
 * are sent once for both.
 */
function described (asked: readonly Question[]): string[] {
  const args: string[] = []
  let begin = 0
  asked.forEach(({ operation, policies, cost }, i) => {
    const next = asked[i + 1]
    if (next?.operation === operation && next.policies === policies && next.cost === cost) return
    args.push(
      `${i + 1 - begin}`,
      operation,
      `${cost}`,
      `${policies.length}`,
      ...policies.map(({ id }) => id)
    )
    for (const { terms } of asked.slice(begin, i + 1)) {
      if (terms !== undefined) args.push(...termsOf(terms))
    }
    begin = i + 1
  })
  return args
}

function termsOf ({ wanted, back }: LeaseTerms): string[] {
  const { slice: { amount, at, until }, unused } = back ?? NOTHING_BACK
  return [`${wanted}`, `${amount}`, `${unused}`, `${at}`, `${until}`]
}

const NOTHING_BACK = { slice: { amount: 0, at: 0, until: 0 }, unused: 0 }

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0

/** @throws LimiterError WEIR_LIMITER_STORE_FAILED for requests that the script does not answer */
function answer (asked: readonly Question[], reply: unknown): void {
  const isList = (reply: unknown): reply is readonly unknown[] => Array.isArray(reply)
  const numbers = isList(reply) ? reply : []
  const expected = asked.reduce(
    (sum, { policies, terms }) => sum + 4 * policies.length + (terms === undefined ? 0 : 3),
    0
  )
  if (numbers.length !== expected || !numbers.every(isCount)) {
    throw new LimiterError(
      'WEIR_LIMITER_STORE_FAILED',
      `give ${expected} numbers, but ${shown(reply)}`
    )
  }
  let next = 0
  const read = () => numbers[next++] ?? 0
  for (const { policies, terms, resolve } of asked) {
    const verdicts = policies.map(() => ({
      remaining: read(),
      full: read(),
      wait: read(),
      again: read()
    }))
    resolve({
      verdicts,
      slice: terms === undefined ? NO_SLICE : { amount: read(), at: read(), until: read() }
    })
  }
}

const NO_SLICE = { amount: 0, at: 0, until: 0 }
