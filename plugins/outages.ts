import { reasonOf } from '@weir/internal'
import type { FastifyBaseLogger } from 'fastify'

/** Returns a function that logs `lost` at the first error of a store, and `back` after the last. */
export function logOutages (
  log: FastifyBaseLogger,
  lost: string,
  back: string
): (error?: unknown) => void {
  let isGone = false
  return (error) => {
    if (error !== undefined && !isGone) log.warn({ reason: reasonOf(error) }, lost)
    else if (error === undefined && isGone) log.info(back)
    isGone = error !== undefined
  }
}
