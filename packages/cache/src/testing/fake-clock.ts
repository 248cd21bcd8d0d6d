import { type Duration, parseDuration } from '../duration.js'
import { CacheError, shown } from '../errors.js'
import { FakeTimers } from './fake-timers.js'

/** A clock that a test moves. */
export interface FakeClock {
  /** Milliseconds since the epoch. */
  readonly now: number
  /**
   * Moves the time. Each `setTimeout` that is due by then runs at its own time, and all that
   * follows from it, as far as it waits for nothing outside the process.
   * @example await clock.advance('61s')
   */
  advance (duration: Duration): Promise<void>
  /**
   * Puts the real clock back. Timers that have not run never do.
   * @example clock.restore()
   */
  restore (): void
}

let inPlace: FakeClock | undefined

/**
 * Stops the time of this process: `Date` and `setTimeout` stand still until the test moves them.
 * `performance.now()` goes on, and is moved along. `setInterval`, `setImmediate` and
 * `node:timers/promises` are those of Node.
 * @param now the time at which it stands, in milliseconds since the epoch; default: the present
 * @throws CacheError WEIR_CACHE_INVALID_OPTION while another fake clock is in place, or for what is
 *   no time
 * @example
 * const clock = fakeClock()
 * await cache.set('42', 'old', { ttl: '1m' })
 * await clock.advance('61s')
 * assert.equal(await cache.get('42'), undefined)
 * clock.restore()
 */
export function fakeClock (now = Date.now()): FakeClock {
  if (inPlace !== undefined) {
    throw new CacheError(
      'WEIR_CACHE_INVALID_OPTION',
      'A fake clock is in place already: restore it before you make another'
    )
  }
  if (typeof now !== 'number' || !Number.isFinite(new Date(now).getTime())) {
    throw new CacheError(
      'WEIR_CACHE_INVALID_OPTION',
      `now ${shown(now)}: give milliseconds since the epoch`
    )
  }
  const { Date: RealDate, setImmediate } = globalThis
  const ownNow = Object.getOwnPropertyDescriptor(performance, 'now')
  const realElapsed = performance.now.bind(performance)
  const turn = () => new Promise((resolve) => { setImmediate(resolve) })
  const timers = new FakeTimers(() => time)
  const begin = now
  let time = now

  // The prototype stays the same: dates made before, here and later are all dates.
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [time] : args, newTarget) as Date,
    apply: () => new RealDate(time).toString(),
    get: (target, name): unknown => (name === 'now' ? () => time : Reflect.get(target, name))
  })
  performance.now = () => realElapsed() + time - begin
  timers.install()

  const clock: FakeClock = {
    get now () { return time },
    async advance (duration) {
      const end = time + parseDuration(duration, 'advance')
      await turn()
      for (let timer = timers.next(end); timer !== undefined; timer = timers.next(end)) {
        time = Math.max(time, timer.at)
        timer.run()
        await turn()
      }
      time = Math.max(time, end)
    },
    restore () {
      if (inPlace !== clock) return
      inPlace = undefined
      globalThis.Date = RealDate
      Reflect.deleteProperty(performance, 'now')
      if (ownNow !== undefined) Object.defineProperty(performance, 'now', ownNow)
      timers.restore()
    }
  }
  inPlace = clock
  return clock
}
