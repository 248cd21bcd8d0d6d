// Preloaded (--import): the wall clock of the program is off by CLOCK_OFFSET ms from the start, as
// on a node without time synchronization. Timers and measurements are right.
const offset = Number(process.env['CLOCK_OFFSET'])
const RightDate = Date
const now = () => RightDate.now() + offset

globalThis.Date = new Proxy(RightDate, {
  apply: () => new RightDate(now()).toString(),
  construct (target, args: unknown[], newTarget): object {
    const date: unknown = Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget)
    return date instanceof RightDate ? date : new RightDate(NaN)
  },
  get: (target, name): unknown => name === 'now' ? now : Reflect.get(target, name)
})
