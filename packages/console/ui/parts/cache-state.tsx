import { duration, ms } from '../model/format.js'
import { type Exchange } from '../model/exchange.js'
import { OutcomeBadge } from './outcome.js'

/** Shows the outcome, instance, age and round trip of a response in one line. */
export function CacheState ({ exchange }: { exchange: Exchange }) {
  const { headers, outcome, instance, words } = exchange
  const age = headers.get('age')
  return (
    <p class='sent-facts'>
      <OutcomeBadge outcome={outcome} title={words} />
      {instance !== undefined && <span>by <b>{instance}</b></span>}
      {age !== undefined && <span>Age <b>{duration(Number(age) * 1000)}</b></span>}
      <span>round trip <b>{ms(exchange.ms)}</b></span>
    </p>
  )
}
