import { type FleetEvent, type RouteFigures } from '../../model/api.js'
import { dateTime } from '../../model/format.js'
import { hashOf } from '../../model/hash.js'
import { type Touch, touchOf } from '../../model/touches.js'
import { Loaded } from '../../parts/loaded.js'
import { Tags } from '../../parts/tags.js'
import { useEvents } from '../../state/use-events.js'

const MOST = 10

const WHY: Readonly<Record<Touch, string>> = {
  all: 'whole namespace',
  tag: 'by tag',
  url: 'by URL'
}

/** The latest invalidations of the service that touched responses of a route. */
export function Touched ({ figures: { service, route, config } }: { figures: RouteFigures }) {
  const events = useEvents({ kind: 'invalidated', service }, '')
  const touched = (all: readonly FleetEvent[]) =>
    all
      .flatMap((event) => {
        const touch = touchOf(event, { service, route, config: config ?? null })
        return touch === undefined ? [] : [{ event, touch }]
      })
      .slice(0, MOST)
  return (
    <section class='panel' aria-labelledby='touched'>
      <div class='panel-head'>
        <h2 id='touched'>Recent invalidations</h2>
        <a class='small' href={hashOf(['events'], { kind: 'invalidated', service })}>
          All of {service}
        </a>
      </div>
      <Loaded query={events.query} what='Invalidations'>
        {(all) => {
          const shown = touched(all)
          return shown.length === 0
            ? (
              <p class='empty'>None of the last invalidations of {service} had a tag or URL of this route.</p>
              )
            : (
              <ul class='stack'>
                {shown.map(({ event, touch }) => (
                  <li key={event.id} class='touched'>
                    <span class='nowrap'>{dateTime(event.at)}</span>
                    <span class='muted'>
                      {WHY[touch]}, on {event.instance}
                    </span>
                    <Tags tags={event.tags} most={5} />
                  </li>
                ))}
              </ul>
              )
        }}
      </Loaded>
    </section>
  )
}
