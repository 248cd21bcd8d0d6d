/** Clocks of a time zone. An unknown zone has no name, and one offset all year. */
export class Zone {
  readonly name: string | null
  readonly #clock: Intl.DateTimeFormat | undefined
  readonly #otherwise: number
  readonly #known = new Map<number, number>()

  /**
   * @param name of the IANA database; other values count as unknown
   * @param otherwise seconds ahead of UTC for an unknown zone; 0 for an invalid number
   */
  constructor (name: unknown, otherwise?: unknown) {
    this.#clock = typeof name === 'string' && NAME.test(name) ? clockOf(name) : undefined
    this.name = this.#clock === undefined ? null : String(name)
    const isOffset = typeof otherwise === 'number' && Math.abs(otherwise) <= LARGEST_OFFSET
    this.#otherwise = isOffset ? Math.round(otherwise / 60) : 0
  }

  /**
   * Formats a time as shown by the clocks, with their offset at that time: a date-time of RFC 3339.
   * @param time seconds since the epoch
   * @example new Zone('Europe/Berlin').dateTime(1792890000) // '2026-10-25T02:00:00+01:00'
   */
  dateTime (time: number): string {
    const minutes = this.#offset(time)
    const local = new Date((time + minutes * 60) * 1000).toISOString().slice(0, 19)
    const two = (value: number) => String(value).padStart(2, '0')
    const ahead = Math.abs(minutes)
    return `${local}${minutes < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`
  }

  /** Returns the date on the calendar. */
  date (time: number): string {
    return this.dateTime(time).slice(0, 10)
  }

  /** Returns the minutes that the clocks are ahead of UTC. They change at most once a day. */
  #offset (time: number): number {
    const begin = Math.floor(time / DAY) * DAY
    const atBegin = this.#offsetAt(begin)
    return atBegin === this.#offsetAt(begin + DAY) ? atBegin : this.#offsetAt(time)
  }

  /** Computes the offset, which takes as long as reading a whole day. */
  #offsetAt (time: number): number {
    if (this.#clock === undefined) return this.#otherwise
    let offset = this.#known.get(time)
    if (offset === undefined) {
      const [, sign, hours, minutes] =
        /GMT([+-])(\d\d):(\d\d)/.exec(this.#clock.format(time * 1000)) ?? []
      offset = (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0))
      this.#known.set(time, offset)
    }
    return offset
  }
}

const DAY = 24 * 3600
const LARGEST_OFFSET = 18 * 3600
const NAME = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/

// Creating a format takes longer than all uses of it. There are some 600 names.
const clocks = new Map<string, Intl.DateTimeFormat>()

function clockOf (timeZone: string): Intl.DateTimeFormat | undefined {
  const known = clocks.get(timeZone)
  if (known !== undefined) return known
  try {
    const clock = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
    clocks.set(timeZone, clock)
    return clock
  } catch {
    return undefined
  }
}
