import { type AskedEdge, type EdgeLetter } from './api.js'

/** Returns an identity of a letter among those of its service. */
export const letterKey = ({ destination, id, instance }: EdgeLetter): string =>
  JSON.stringify([destination, id, instance])

/** Returns what an invalidation did at the edge; undefined without one. */
export function edgeOutcome (asked: readonly AskedEdge[]): string | undefined {
  const names = (done: boolean) =>
    asked.filter((one) => one.done === done).map(({ service }) => service).join(', ')
  const [done, left] = [names(true), names(false)]
  if (left !== '') {
    return `The caches at the edge of ${left} may serve them still: no instance has taken the ` +
      'request to purge them yet.'
  }
  return done === '' ? undefined : `An instance purges the caches at the edge of ${done}.`
}
