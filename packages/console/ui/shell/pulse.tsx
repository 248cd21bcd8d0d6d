import { live } from '../state/live.js'
import { useStored } from '../state/use-stored.js'

const WORDS = { connecting: 'Connecting', live: 'Live', lost: 'Disconnected' }

/** Shows whether figures are live. */
export function Pulse () {
  const { phase } = useStored(live.state)
  return <span class='pulse' data-phase={phase}>{WORDS[phase]}</span>
}
