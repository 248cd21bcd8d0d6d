import { channel } from 'node:diagnostics_channel'

/** The message on the diagnostics channel `weir:breaker:change`. */
export interface BreakerChangeMessage {
  /** Name of what the breaker protects calls to. */
  readonly name: string
  /** Whether calls are refused from now on. */
  readonly isOpen: boolean
}

/** Name of the diagnostics channel. */
export const BREAKER_CHANGE = 'weir:breaker:change'

const changes = channel(BREAKER_CHANGE)

/** Tells listeners of this process that a circuit breaker opened or closed. */
export function breakerChanged (message: BreakerChangeMessage): void {
  if (changes.hasSubscribers) changes.publish(message)
}
