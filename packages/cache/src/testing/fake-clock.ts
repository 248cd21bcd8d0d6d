import { type Duration, parseDuration } from '../duration.js'
import { CacheError, shown } from '../errors.js'
import { FakeTimers } from './fake-timers.js'

/** A clock that the test moves. */
export interface FakeClock {
  /** Milliseconds since the epoch. */
  readonly now: number
  /**
   * Advances the time. Each `setTimeout` that becomes due runs at its own time, with all work it
   * triggers that does not wait for anything outside the process.
   * @example await clock.advance('61s')
   */
  advance (duration: Duration): Promise<void>
  /**
   * Restores the real clock. Pending timers never run.
   * @example clock.restore()
   */
  restore (): void
}

let inPlace: FakeClock | undefined

/**
 * Stops the time of this process: `Date` and `setTimeout` stand still until the test moves them.
 *
 * `performance.now()` keeps running and is moved along. `setInterval`, `setImmediate` and
 * `node:timers/promises` remain Node's own.
 * @param now initial time in milliseconds since the epoch; default: the current time
 * @throws CacheError WEIR_CACHE_INVALID_OPTION while another fake clock is active, or if `now` is
 *   not a time
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
      'A fake clock is already active: restore it before you create another'
    )
  }
  if (typeof now !== 'number' || !Number.isFinite(new Date(now).getTime())) {
    throw new CacheError(
      'WEIR_CACHE_INVALID_OPTION',
      `now ${shown(now)}: use milliseconds since the epoch`
    )
  }
  const { Date: RealDate, setImmediate } = globalThis
  const ownNow = Object.getOwnPropertyDescriptor(performance, 'now')
  const realElapsed = performance.now.bind(performance)
  const turn = () => new Promise((resolve) => { setImmediate(resolve) })
  const timers = new FakeTimers(() => time)
  const begin = now
  let time = now

  // The prototype is shared: dates created before, meanwhile and afterwards are all instances of
  // Date.
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
