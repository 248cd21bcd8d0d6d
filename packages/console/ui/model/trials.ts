import { type Exchange } from './exchange.js'
import { labelOf } from './outcomes.js'

const FROM_CACHE: readonly string[] = ['l1', 'l2', 'coalesced', 'stale']

/** Describes what the first and last response to the same request show about sharing. */
export function shareVerdict (answers: readonly Pick<Exchange, 'instance' | 'outcome'>[]): string {
  const [first, second] = [answers[0], answers.at(-1)]
  if (first === undefined || second === undefined || answers.length < 2) return ''
  const names = [first, second].map(({ instance }) => instance ?? 'an instance')
  const isHit = FROM_CACHE.includes(second.outcome)
  if (!isHit) return `The last response was not a hit (${labelOf(second.outcome)}). Try again.`
  if (first.outcome === 'miss' && names[0] !== names[1]) {
    return `${names[0]} computed the response, ${names[1]} served it without computing it again.`
  }
  if (first.outcome === 'miss') {
    return `${names[0]} computed the response once and answered all requests.`
  }
  return 'All were hits: an instance had computed this response before.'
}
