import { shown } from './shown.js'

/**
 * The message of an error and of everything that led to it, in one line, for logs of what is
 * expected to fail now and then: a stack would say nothing more.
 * @example log.warn({ reason: reasonOf(error) }, 'the store does not answer')
 */
export function reasonOf (error: unknown): string {
  const reasons: string[] = []
  for (
    let at = error;
    at !== undefined && reasons.length < MOST;
    at = at instanceof Error ? at.cause : undefined
  ) {
    reasons.push(at instanceof Error ? String(at) : shown(at))
  }
  return reasons.join(', caused by ')
}

// An error may be its own cause.
const MOST = 5
