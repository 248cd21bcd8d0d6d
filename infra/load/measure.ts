import { type Request } from 'autocannon'
import { drive } from './drive.js'
import { Recorder } from './recorder.js'
import { type Figures, type Result } from './result.js'
import { type Surroundings } from './scenario.js'

/** A load to measure, and the scenario and part that it belongs to. */
export interface Load {
  readonly scenario: string
  readonly part: string
  readonly requests: Request[]
  readonly connections: number
  /** Requests per second of all connections together; undefined: as many as possible. */
  readonly rate: number | undefined
  readonly isWrite?: boolean
}

/** Sends the requests for the duration of a part, and reports progress. */
export async function measure (around: Surroundings, load: Load): Promise<Result> {
  const { url, seconds, signal } = around
  const { scenario, part, connections, rate = null } = load
  const { recorder, figures } = record(around, load)
  const isAlive = await drive({ ...load, url, until: { seconds } }, recorder, signal)
  if (!isAlive) {
    around.note('Ended before its time: a thousand requests one after the other got no answer.')
  }
  return { scenario, part, connections, rate, ...figures() }
}

/** A recorder whose figures are reported every second until they are read. */
export function record (
  { seconds, say }: Surroundings, { scenario, part, rate }: Pick<Load, 'scenario' | 'part' | 'rate'>
): { recorder: Recorder, figures: () => Figures } {
  const began = performance.now()
  const recorder = new Recorder(stepFor(seconds, rate), began)
  const called = part === scenario ? scenario : `${scenario}, ${part}`
  say(`${called}: ${seconds} s`)
  const timer = setInterval(() => {
    const figures = recorder.figures(performance.now())
    say(`${called}: ${Math.round(figures.seconds)}/${seconds} s, ${soFar(figures)}`)
  }, 1000)
  return {
    recorder,
    figures: () => {
      clearInterval(timer)
      return recorder.figures(performance.now())
    }
  }
}

function soFar ({ perSecond, hitRatio, outcomes, failed }: Figures): string {
  const of = (name: string) => outcomes.find(({ outcome }) => outcome === name)?.count ?? 0
  return [
    `${Math.round(perSecond)}/s`,
    ...hitRatio === null ? [] : [`${(hitRatio * 100).toFixed(1)} % hits`],
    ...of('limited') > 0 ? [`${of('limited')} limited`] : [],
    ...failed + of('error') > 0 ? [`${failed + of('error')} errors`] : []
  ].join(', ')
}

const STEPS = [0.25, 0.5, 1, 2, 5, 10, 30]
const MOMENTS = 60

/**
 * Seconds between points of a chart. With a rate, autocannon sends the requests of a second at its
 * start.
 */
function stepFor (seconds: number, rate: number | undefined): number {
  const least = rate === undefined ? 0 : 1
  return STEPS.find((step) => step >= least && seconds / step <= MOMENTS) ?? seconds / MOMENTS
}
