import { type Change } from './change.js'
import type { RouteProbe } from './route-probe.js'
import { newToken } from './token.js'
import type { Trial } from './trial.js'
import { placeOf, viewOf } from './view.js'

/**
 * Returns the trials whose first request changes the response: only these can poison an entry.
 * Inputs are sent together and told apart by halving, which takes few requests where none matters.
 */
export async function effective (
  probe: RouteProbe, trials: readonly Trial[]
): Promise<readonly Trial[]> {
  const found: Trial[] = []
  for (const batch of batches(trials)) found.push(...await halved(probe, batch))
  return found
}

/** Whether the trial only adds header fields or parameters, so that others can be sent with it. */
export const isMergeable = (trial: Trial): boolean => {
  const { path, tail, method, body } = trial.fill('')
  return trial.read === undefined && trial.isSilent !== true &&
    [path, tail, method, body].every((part) => part === undefined)
}

async function halved (probe: RouteProbe, trials: readonly Trial[]): Promise<readonly Trial[]> {
  if (trials.length === 0) return []
  const key = await probe.fresh()
  const marker = newToken()
  const answer = await probe.ask(key, trials.map(({ fill }) => fill(marker)).reduce(merged))
  const hasEffect = placeOf(marker, answer) !== undefined ||
    probe.control.difference(viewOf(answer, key.token)) !== undefined
  if (!hasEffect) return []
  if (trials.length === 1) return trials
  const middle = Math.ceil(trials.length / 2)
  return [
    ...await halved(probe, trials.slice(0, middle)),
    ...await halved(probe, trials.slice(middle))
  ]
}

const merged = (a: Change, b: Change): Change => {
  const cookies = [a, b].flatMap(({ headers }) => headers?.['cookie'] ?? [])
  return {
    headers: {
      ...a.headers,
      ...b.headers,
      ...(cookies.length > 0 && { cookie: cookies.join('; ') })
    },
    query: { ...a.query, ...b.query }
  }
}

/** Names of a trial's inputs; two trials with a name in common exclude each other. */
const namesOf = ({ fill }: Trial): readonly string[] => {
  const { headers = {}, query = {} } = fill('')
  return [
    ...Object.entries(headers).map(([name, value]) =>
      name === 'cookie' ? `cookie ${String(value).split('=')[0]}` : name),
    ...Object.keys(query).map((name) => `?${name}`)
  ]
}

function batches (trials: readonly Trial[]): readonly (readonly Trial[])[] {
  const found: { readonly trials: Trial[], readonly names: Set<string> }[] = []
  for (const trial of trials) {
    const names = namesOf(trial)
    let batch = found.find((one) => names.every((name) => !one.names.has(name)))
    if (batch === undefined) found.push(batch = { trials: [], names: new Set() })
    batch.trials.push(trial)
    for (const name of names) batch.names.add(name)
  }
  return found.map(({ trials }) => trials)
}
