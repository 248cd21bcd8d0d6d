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
            ? 'The stats service has not responded yet.'
            : `Figures are as of ${dateTime(heardAt)}. They resume when the stats service is back.`}
        </span>
      </div>
    )
  }
  if (tick?.connected === false) {
    return (
      <div class='banner' data-tone='warn' role='status'>
        <strong>No reports from the instances</strong>
        <span>
          The stats service is up, but the store that carries the reports of instances does not
          respond. Instances keep counting.
        </span>
      </div>
    )
  }
  return null
}
