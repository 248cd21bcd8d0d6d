/** Holder of derived data that is useful only while it is used repeatedly. */
export interface Holder {
  /** Releases the data, unless it was used since the last call; then returns false. */
  forget (): boolean
}

// Milliseconds; data is released after one to two intervals without use.
const IDLE = 2000

let holders: WeakRef<Holder>[] = []
let sweeping: NodeJS.Timeout | undefined

/**
 * Releases the holder's data after a few seconds without use. Otherwise data shared by hits would
 * stay with every entry in memory. The holder is not kept alive.
 */
export function forgetWhenIdle (holder: Holder): void {
  holders.push(new WeakRef(holder))
  sweeping ??= setInterval(sweep, IDLE).unref()
}

function sweep (): void {
  holders = holders.filter((holder) => holder.deref()?.forget() === false)
  if (holders.length > 0) return
  clearInterval(sweeping)
  sweeping = undefined
}
