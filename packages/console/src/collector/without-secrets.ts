import { type InstanceState } from '@weir/metrics'
import { redactor } from '@weir/metrics/journal'

const redact = redactor([])

/**
 * Returns the states of processes without the secrets in URLs that were invalidated: whoever may
 * view the console sees these.
 */
export const withoutSecrets = (states: readonly InstanceState[]): InstanceState[] =>
  states.map((state) => ({
    ...state,
    invalidations: state.invalidations.map((one) => ({ ...one, tags: one.tags.map(redact) }))
  }))
