import type { CheckId } from '../catalogue.js'
import type { RequestHeaders, Answer } from '../target/target.js'
import { effective, isMergeable } from '../probing/effect.js'
import type { RouteProbe } from '../probing/route-probe.js'
import { poison, type Poisoned, type Trial } from '../probing/trial.js'

/** A fault that a check has reproduced. */
export interface Fault {
  readonly check: CheckId
  readonly input: string
  readonly found: string
  /** The responses that show it, in order, with their requests. */
  readonly answers: readonly Answer[]
}

/** State that the checks of all routes share. */
export interface Shared {
  /** Header fields of users, at least two or none. */
  readonly users: readonly RequestHeaders[]
  /** Strong ETags of other routes, with the body that each belongs to. */
  readonly etags: Map<string, string>
}

/** Looks for one kind of fault on a prepared route. */
export type Check = (probe: RouteProbe, shared: Shared) => AsyncIterable<Fault>

/** Runs trials, and returns the faults of those that poisoned an entry. */
export async function * faults (
  probe: RouteProbe, trials: Iterable<Trial> | AsyncIterable<Trial>
): AsyncGenerator<Fault> {
  const mergeable: Trial[] = []
  const others: Trial[] = []
  for await (const trial of trials) (isMergeable(trial) ? mergeable : others).push(trial)
  for (const trial of [...await effective(probe, mergeable), ...others]) {
    const poisoned = await poison(probe, trial)
    if (poisoned !== undefined) yield faultOf(probe, poisoned)
  }
}

function faultOf (probe: RouteProbe, { check, input, place, filled, read }: Poisoned): Fault {
  const isError = read.status >= 400 && probe.control.status < 400
  const isVaried = check === 'unkeyed-header' && varies(read, input)
  return {
    check: isError && check !== 'path-collision' ? 'stored-error' : isVaried ? 'vary-ignored' : check,
    input,
    found: `${input} of one request changes ${place} of the response to another request`,
    answers: [filled, read]
  }
}

const varies = ({ headers }: Answer, name: string) =>
  (headers.get('vary') ?? '')
    .toLowerCase()
    .split(',')
    .some((field) => field.trim() === name.toLowerCase())
