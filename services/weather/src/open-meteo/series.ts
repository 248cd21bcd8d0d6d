import { type Amount } from './amounts.js'
import { type Oddities } from './oddities.js'
import { indexOf, isTime, type Times, timesOf } from './times.js'

export type Json = Readonly<Record<string, unknown>>

/** @throws Error for anything but an object */
export function objectOf (value: unknown, path: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Error(`${path} is not an object`)
}

/** Lists of a response, one for each variable, which share their times. */
export class Series {
  readonly times: Times
  readonly #columns = new Map<string, readonly unknown[] | null>()

  /** @throws Error if there is no list of times */
  constructor (
    readonly lists: Json,
    readonly units: Json,
    readonly path: string,
    step: number,
    readonly odd: Oddities
  ) {
    const { time } = lists
    if (!Array.isArray(time) || time.length > LONGEST) {
      throw new Error(`${path}.time is not a list of ${LONGEST} at most`)
    }
    this.times = timesOf(time, step)
    time.forEach((value, i) => {
      if (value !== this.times.first + i * step) odd.note(`${path}.time[${i}]`)
    })
  }

  /** Returns the amount at a time; null if unknown. */
  amount (amount: Amount, time: number): number | null {
    const index = indexOf(this.times, time)
    const column = this.#column(amount.variable, amount.unit)
    if (index === undefined || column === null) return null
    return this.odd.amount(amount, column[index], `${this.path}.${amount.variable}[${index}]`)
  }

  /** Returns the time, in seconds, that a variable has in the entry of another one. */
  timeAt (variable: string, time: number): number | null {
    const index = indexOf(this.times, time)
    const value = index === undefined ? null : (this.#column(variable)?.[index] ?? null)
    return value === null || isTime(value)
      ? value
      : this.odd.note(`${this.path}.${variable}[${index}]`)
  }

  /**
   * Returns the column of a variable; null if it has a different length or unit, because its values
   * would have a different meaning.
   */
  #column (variable: string, unit?: string): readonly unknown[] | null {
    let column = this.#columns.get(variable)
    if (column === undefined) {
      const list = this.lists[variable]
      const isUnit = unit === undefined || this.units[variable] === unit
      const isRight = isUnit && Array.isArray(list) && list.length === this.times.length
      column = isRight ? list : this.odd.note(`${this.path}.${variable}`)
      this.#columns.set(variable, column)
    }
    return column
  }
}

const LONGEST = 18 * 24
