import { type ComponentChildren } from 'preact'
import { type Tick } from '../../model/api.js'
import { type FleetInstance, type Flow, flowOf, flowText, perSecond } from '../../model/fleet.js'
import { labelOf } from '../../model/outcomes.js'
import { live } from '../../state/live.js'
import { useStored } from '../../state/use-stored.js'

// Instances shown per service.
const MOST_SHOWN = 6
const WAITING = 'The diagram starts with the first figures of the live stream.'

/** A diagram of the fleet that lights up with requests. The caption describes it in words. */
export function Fleet ({ children }: { children?: ComponentChildren }) {
  const { ticks, phase } = useStored(live.state)
  const tick = ticks.at(-1)
  return (
    <section class='panel' aria-labelledby='fleet'>
      <div class='panel-head'><h2 id='fleet'>The fleet, live</h2></div>
      {tick === undefined
        ? <p class='empty'>{WAITING}</p>
        : <Diagram tick={tick} isLive={phase === 'live'} />}
      {children}
    </section>
  )
}

function Diagram ({ tick, isLive }: { tick: Tick, isLive: boolean }) {
  const flow = flowOf(tick)
  const lit = (amount: number) => isLive && amount > 0
  return (
    <figure>
      <div class='fleet' aria-hidden='true' data-live={isLive}>
        <div class='fleet-node' data-area='clients'>
          <b>Clients</b>
          <span>browsers, apps</span>
        </div>
        <Wire
          area='in'
          isLit={lit(flow.requests)}
          color='accent'
          label={`${perSecond(flow.requests)} requests/s`}
        />
        <Instances flow={flow} at={tick.at} isLive={isLive} />
        <Wire
          area='to-store'
          isLit={lit(flow.store)}
          color='l2'
          label={`${perSecond(flow.store)} hits/s`}
        />
        <div class='fleet-node' data-area='store' data-lit={lit(flow.store)}>
          <b>Store</b>
          <span>{flow.storeName}, shared by all instances</span>
        </div>
        <Wire
          area='to-origin'
          isLit={lit(flow.origin)}
          color='miss'
          label={`${perSecond(flow.origin)} computed/s`}
        />
        <div class='fleet-node' data-area='origin' data-lit={lit(flow.origin)}>
          <b>Origin</b>
          <span>handlers, databases, other APIs</span>
        </div>
      </div>
      <figcaption class='small muted'>{flowText(flow)}</figcaption>
    </figure>
  )
}

const Wire = ({
  area,
  label,
  isLit,
  color
}: {
  area: string
  label: string
  isLit: boolean
  color: string
}) => (
  <div class='wire' data-area={area} data-lit={isLit} style={{ '--wire': `var(--${color})` }}>
    <span class='wire-label'>{label}</span>
    <span class='wire-line'>
      {isLit && [0, 1, 2].map((dot) => <span key={dot} class='wire-dot' />)}
    </span>
  </div>
)

const Instances = ({ flow, at, isLive }: { flow: Flow; at: number; isLive: boolean }) => (
  <div class='fleet-node fleet-instances' data-area='instances'>
    <b>Instances</b>
    <span>{perSecond(flow.memory)}/s answered from memory</span>
    <div class='fleet-services'>
      {flow.services.map(({ name, instances }) => (
        <div key={name} class='fleet-service'>
          <Service instances={instances} at={at} isLive={isLive} />
        </div>
      ))}
    </div>
  </div>
)

/** The instances of a service: those that are up first, and only the number of the others. */
function Service ({ instances, at, isLive }: {
  instances: readonly FleetInstance[]
  at: number
  isLive: boolean
}) {
  const ordered = instances.toSorted((a, b) => Number(b.isUp) - Number(a.isUp))
  const others = ordered.slice(MOST_SHOWN)
  const down = others.filter(({ isUp }) => !isUp).length
  return (
    <>
      {ordered.slice(0, MOST_SHOWN).map((instance) => (
        <InstanceLight key={instance.name} instance={instance} at={at} isLive={isLive} />
      ))}
      {others.length > 0 && (
        <span class='fleet-state'>
          and {others.length} more{down > 0 && `, ${down} of them down`}
        </span>
      )}
    </>
  )
}

function InstanceLight ({
  instance,
  at,
  isLive
}: {
  instance: FleetInstance
  at: number
  isLive: boolean
}) {
  const { name, isUp, requests, outcome } = instance
  const isLit = isLive && outcome !== undefined
  const color = outcome === undefined ? 'transparent' : `var(--${outcome})`
  return (
    <span class='fleet-instance' data-up={isUp} data-lit={isLit} style={{ '--lit': color }}>
      {isLit && <span key={at} class='flash' />}
      <span class='fleet-name'>{name}</span>
      <span class='fleet-state'>
        {!isUp ? 'down' : outcome === undefined ? 'idle' : `${requests} · ${labelOf(outcome)}`}
      </span>
    </span>
  )
}
