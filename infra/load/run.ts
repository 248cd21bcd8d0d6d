import { machine } from '../bench/machine.js'
import { type Wish } from './arguments.js'
import { LoadError } from './errors.js'
import { type Report, type Result } from './result.js'
import { check } from './requirement.js'

/**
 * Runs the requested scenarios one after the other, until all are measured or `signal` is aborted;
 * the report has everything measured until then. A scenario that cannot be measured is left out,
 * with its reason.
 */
export async function run (
  wish: Wish,
  say: (what: string) => void,
  signal: AbortSignal
): Promise<Report> {
  const date = new Date().toISOString()
  const { url, seconds, connections, rate, token } = wish
  const results: Result[] = []
  const notes: { scenario: string; text: string }[] = []
  const failed: string[] = []
  for (const scenario of wish.scenarios) {
    if (signal.aborted) break
    const note = (text: string) => {
      notes.push({ scenario: scenario.name, text })
    }
    try {
      const measured = await scenario.run({
        url,
        seconds,
        connections,
        rate,
        token,
        signal,
        say,
        note
      })
      for (const result of measured) explain(result, note)
      results.push(...measured)
    } catch (error) {
      if (signal.aborted) break
      if (!(error instanceof LoadError)) throw error
      note(`Not measured: ${error.message}.`)
      failed.push(scenario.name)
    }
  }
  return {
    url,
    date,
    machine: machine(),
    interrupted: signal.aborted,
    failed,
    results,
    notes,
    requirements: [
      ...results.flatMap(({ memory, comparison }) => [
        ...(memory?.checks ?? []),
        ...(comparison?.checks ?? [])
      ]),
      ...wish.requirements.map((requirement) => check(requirement, results))
    ]
  }
}

/** Adds notes on everything that would mislead readers of the figures alone. */
function explain (
  { scenario, part, answered, outcomes, statuses, failures }: Result,
  note: (text: string) => void
): void {
  const where = part === scenario ? '' : `${part}: `
  const limited = outcomes.find(({ outcome }) => outcome === 'limited')?.count ?? 0
  if (limited > 0 && scenario !== 'limited') {
    note(
      `${where}${limited} of ${answered} answers were refused by a limit (429), so the figures are those of the limits. ` +
        'Ask for less (--rate 40), or let this address do what it likes: RATE_LIMIT_ALLOW=127.0.0.1 npm start.'
    )
  }
  const bad = Object.entries(statuses).filter(
    ([status]) => Number(status) >= 400 && status !== '429'
  )
  if (bad.length > 0) note(`${where}answered with an error: ${listed(bad)}.`)
  const reasons = Object.entries(failures)
  if (reasons.length > 0) note(`${where}without an answer: ${listed(reasons)}.`)
}

const listed = (counts: readonly (readonly [string, number])[]): string =>
  counts.map(([what, count]) => `${what} ${count} times`).join(', ')
