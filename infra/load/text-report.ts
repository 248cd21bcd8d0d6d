import { table } from '../bench/table.js'
import { type Latency, type Memory, type Report, type Result } from './result.js'
import { comparisonText } from './shop/text.js'

/** Renders the figures as tables, one per measurement, with notes. */
export function textReport ({ results, notes, requirements, interrupted }: Report): string {
  const parts = results.map(resultText)
  if (notes.length > 0) {
    parts.push(notes.map(({ scenario, text }) => `${scenario}: ${text}`).join('\n'))
  }
  if (interrupted) parts.push('Ended before everything was measured.')
  if (requirements.length > 0) {
    parts.push(
      requirements
        .map(({ text, met, why }) => `${(met ? 'ok' : 'NOT MET').padEnd(7)} ${text} (${why})`)
        .join('\n')
    )
  }
  return parts.join('\n\n')
}

function resultText (result: Result): string {
  const {
    scenario,
    part,
    seconds,
    sent,
    answered,
    failed,
    cutOff,
    perSecond,
    latency,
    outcomes,
    instances
  } = result
  const { bursts, memory, comparison } = result
  const rows = [
    ['', 'answers', 'share', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms'],
    ...outcomes.map(({ outcome, count, share, latency }) => [
      outcome,
      String(count),
      percent(share),
      ...times(latency)
    ]),
    ['all', String(answered), '', ...(latency === null ? [] : times(latency))]
  ]
  const lines = [
    `${scenario === part ? scenario : `${scenario}, ${part}`}: ${Math.round(perSecond)} answers a second for ${seconds.toFixed(1)} s${hits(result)}`,
    table(rows),
    `${sent} sent = ${answered} answered + ${failed} without an answer + ${cutOff} under way at the end`
  ]
  if (instances.length > 0) {
    lines.push(`by ${instances.map(({ name, share }) => `${name} ${percent(share)}`).join(', ')}`)
  }
  if (bursts !== undefined) lines.push(burstText(bursts))
  if (memory !== undefined) lines.push(memoryText(memory))
  if (comparison !== undefined) lines.push(comparisonText(comparison))
  return lines.join('\n')
}

/** Rows in a table of memory over time: readable at a glance. */
const ROWS = 12

/** Renders processes as RSS / heap / L1, and the store, at a dozen points in time. */
function memoryText ({ processes, store }: Memory): string {
  const names = [...new Set(processes.map(({ instance }) => instance))]
  const times = [...new Set([...processes, ...store].map(({ at }) => at))].sort((a, b) => a - b)
  const shown = times.filter(
    (_, i) => i === times.length - 1 || i % Math.ceil(times.length / ROWS) === 0
  )
  const mb = (bytes: number) => (bytes / 1024 / 1024).toFixed(0)
  const rows = shown.map((time) => {
    const kept = store.find(({ at }) => at === time)
    return [
      `${time.toFixed(0)} s`,
      ...names.map((name) => {
        const own = processes.find(({ at, instance }) => at === time && instance === name)
        return own === undefined
          ? ''
          : [own.rssBytes, own.heapBytes, own.l1.bytes].map(mb).join(' / ')
      }),
      ...kept === undefined ? [] : [mb(kept.bytes), String(kept.entries), String(kept.records)]
    ]
  })
  const head = [
    'RSS / heap / L1, MB',
    ...names,
    ...(store.length === 0 ? [] : ['store MB', 'entries', 'records'])
  ]
  return `\n${table([head, ...rows])}`
}

function hits ({ hitRatio, asked, answered }: Result): string {
  if (hitRatio === null) return ''
  return `, hit ratio ${percent(hitRatio)}${asked === answered ? '' : ` of the ${asked} for which the cache was asked`}`
}

/** Renders how many requests of each burst computed the page. */
export function burstText (bursts: NonNullable<Result['bursts']>): string {
  const [first] = bursts
  if (first === undefined) return 'no burst ended in time'
  const most = Math.max(...bursts.map(({ computed }) => computed))
  const all = bursts.reduce((sum, { computed }) => sum + computed, 0)
  return `${bursts.length} bursts of ${first.requests}: ${(all / bursts.length).toFixed(2)} of them computed the page, at most ${most}`
}

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

const times = ({ p50, p90, p99, max }: Latency): string[] => [p50, p90, p99, max].map(ms)

/** Milliseconds, to three digits. */
export const ms = (value: number): string => value < 100 ? value.toPrecision(3) : value.toFixed(0)
