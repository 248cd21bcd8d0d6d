import { createHash } from 'node:crypto'
import { type InstanceState } from '@weir/metrics'
import { type NewEvent } from './event.js'
import { subjectOf } from './silence.js'

/**
 * Returns the events that a process reports about itself: its start and end, its invalidations and
 * its circuit breakers. Each report repeats the last few of each.
 */
export function toldBy (state: InstanceState): NewEvent[] {
  const { run, service, instance, startedAt, endedAt, invalidations, breakers = [] } = state
  const subject = subjectOf(state)
  return [
    { ...subject, key: `started ${run}`, at: startedAt, kind: 'started' },
    ...invalidations.map(({ at, namespace, tags }): NewEvent => ({
      key: `invalidated ${run} ${at} ${digestOf([namespace, ...tags])}`,
      at,
      kind: 'invalidated',
      service,
      instance,
      namespace,
      tags
    })),
    ...breakers.map(({ at, name, isOpen }): NewEvent => {
      const kind = isOpen ? 'breaker-opened' : 'breaker-closed'
      return { key: `${kind} ${run} ${at} ${name}`, at, kind, service, instance, about: name }
    }),
    ...(endedAt === undefined
      ? []
      : [{ ...subject, key: `ended ${run}`, at: endedAt, kind: 'ended' } as const])
  ]
}

const digestOf = (texts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(texts)).digest('base64url').slice(0, 16)
