/** Holds what can be made again, and is of use while it is asked for again and again. */
export interface Holder {
  /** Lets go of it, unless it has been of use since this was last called; then it returns false. */
  forget (): boolean
}

// Milliseconds; a holder forgets after one to two of these without use.
const IDLE = 2000

let holders: WeakRef<Holder>[] = []
let sweeping: NodeJS.Timeout | undefined

/**
 * Has the holder forget when it has been of no use for a few seconds. What hits have in common
 * would otherwise stay with every entry in memory. The holder is not kept alive by this.
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
