import { shown } from './shown.js'

/**
 * Formats the message of an error and of its causes in one line.
 *
 * Meant for logs of failures that are expected occasionally: a stack would add nothing.
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
