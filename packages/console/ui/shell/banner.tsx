import { dateTime, duration } from '../model/format.js'
import { live } from '../state/live.js'
import { useNow } from '../state/now.js'
import { useStored } from '../state/use-stored.js'

/** Reports that the figures are outdated, and since when. */
export function Banner () {
  const { phase, heardAt, ticks } = useStored(live.state)
  const now = useNow()
  const tick = ticks.at(-1)
  if (phase === 'lost') {
    return (
      <div class='banner' role='status'>
        <strong>
          Disconnected{heardAt !== undefined && ` for ${duration(now - heardAt)}`}, trying again
        </strong>
        <span>
          {heardAt === undefined
            ? 'The stats service has not answered yet.'
            : `Figures are as of ${dateTime(heardAt)}. They go on by themselves when the stats service is back.`}
        </span>
      </div>
    )
  }
  if (tick?.connected === false) {
    return (
      <div class='banner' data-tone='warn' role='status'>
        <strong>The instances cannot be heard</strong>
        <span>
          The stats service is there, but the store through which instances tell what they count
          does not answer. They go on counting.
        </span>
      </div>
    )
  }
  return null
}
