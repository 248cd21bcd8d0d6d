import { type Exchange } from '../../model/exchange.js'
import { appended } from '../../model/ring.js'
import { Stored } from '../../model/stored.js'
import { identityCalled } from '../../state/identity.js'
import { send, type Sent, wasAnswered } from '../../state/send.js'

const MOST = 120

/** Weather responses for all places, oldest first; the chart shows their response times. */
export const answers = new Stored<readonly Exchange[]>([])

/** Requests the weather anonymously, because reads are public. */
export async function askFor (
  what: 'current' | 'forecast',
  city: string,
  signal: AbortSignal
): Promise<Sent> {
  const path = `/api/weather/${what}?${new URLSearchParams({ city, ...(what === 'forecast' && { days: '3' }) })}`
  const sent = await send({ method: 'GET', path }, identityCalled('anonymous'), signal)
  if (wasAnswered(sent)) answers.set(appended(answers.get(), sent, MOST))
  return sent
}
