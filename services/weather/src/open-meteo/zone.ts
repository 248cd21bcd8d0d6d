/**
 * The clocks of a time zone. Where it is not known, it has no name, and one offset all the year.
 */
export class Zone {
  readonly name: string | null
  readonly #clock: Intl.DateTimeFormat | undefined
  readonly #otherwise: number
  readonly #known = new Map<number, number>()

  /**
   * @param name of the IANA database; anything else is not known
   * @param otherwise seconds ahead of UTC where it is not known; 0 for what is no such number
   */
  constructor (name: unknown, otherwise?: unknown) {
    this.#clock = typeof name === 'string' && NAME.test(name) ? clockOf(name) : undefined
    this.name = this.#clock === undefined ? null : String(name)
    const isOffset = typeof otherwise === 'number' && Math.abs(otherwise) <= LARGEST_OFFSET
    this.#otherwise = isOffset ? Math.round(otherwise / 60) : 0
  }

  /**
   * A time as the clocks show it, with their offset at that time: a date-time of RFC 3339.
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

  /** The date that the calendars show. */
  date (time: number): string {
    return this.dateTime(time).slice(0, 10)
  }

  /** Minutes that the clocks are ahead of UTC. They change once in a day at the most. */
  #offset (time: number): number {
    const begin = Math.floor(time / DAY) * DAY
    const atBegin = this.#offsetAt(begin)
    return atBegin === this.#offsetAt(begin + DAY) ? atBegin : this.#offsetAt(time)
  }

  /** Looks it up: that takes as long as reading a whole day. */
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

// Making one takes longer than all that is done with it. There are some 600 names.
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
