import { type Comparisons, SHADOW_TTLS, type ShadowFinding, type Sign, SIGNS } from './finding.js'

const LONGEST = 300
const MOST_ROUTES = 64
const MOST_NAMES = 16

/** Reads findings that another process has reported; those that are malformed are left out. */
export function readFindings (value: unknown): ShadowFinding[] {
  if (!Array.isArray(value)) return []
  const list: readonly unknown[] = value
  return list.slice(0, MOST_ROUTES).flatMap((one) => {
    const finding = readFinding(one)
    return finding === undefined ? [] : [finding]
  })
}

function readFinding (value: unknown): ShadowFinding | undefined {
  if (!isObject(value)) return undefined
  const { route } = value
  if (typeof route !== 'string' || route.length > LONGEST) return undefined
  const number = (name: string) => count(value[name])
  const list = (name: string) => listOf(value[name])
  const finding = {
    since: number('since'),
    until: number('until'),
    requests: number('requests'),
    sampled: number('sampled'),
    identified: number('identified'),
    weight: number('weight'),
    eligible: number('eligible'),
    keys: number('keys'),
    probes: number('probes'),
    micros: number('micros'),
    bytes: number('bytes'),
    intervals: number('intervals'),
    changes: number('changes'),
    flips: number('flips'),
    brief: number('brief'),
    statusFlips: number('statusFlips'),
    refused: number('refused')
  }
  const users = value['users']
  return {
    route,
    ...finding,
    hits: list('hits'),
    judged: list('judged'),
    stale: list('stale'),
    signs: Object.fromEntries(
      SIGNS.map((sign) => [sign, isObject(value['signs']) ? count(value['signs'][sign]) : 0])
    ) as Record<Sign, number>,
    users: { ...comparisons(users), unclear: isObject(users) ? count(users['unclear']) : 0 },
    headers: Object.fromEntries(
      entriesOf(value['headers']).map(([name, tally]) => [name, comparisons(tally)])
    ),
    carried: namesIn(value['carried']),
    declaredVary: namesIn(value['declaredVary']),
    writes: Object.fromEntries(
      entriesOf(value['writes']).map(([name, pair]) => {
        const counts: readonly unknown[] = Array.isArray(pair) ? pair : []
        return [name, [count(counts[0]), count(counts[1])]]
      })
    )
  }
}

const comparisons = (value: unknown): Comparisons => ({
  same: isObject(value) ? count(value['same']) : 0,
  differ: isObject(value) ? count(value['differ']) : 0,
  proven: isObject(value) ? count(value['proven']) : 0
})

const count = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0

function listOf (value: unknown): number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  return SHADOW_TTLS.map((_, i) => count(list[i]))
}

const namesIn = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [])
    .filter((name): name is string => typeof name === 'string' && name.length <= LONGEST)
    .slice(0, MOST_NAMES)

const entriesOf = (value: unknown): [string, unknown][] =>
  isObject(value)
    ? Object.entries(value).filter(([name]) => name.length <= LONGEST).slice(0, MOST_NAMES)
    : []

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
