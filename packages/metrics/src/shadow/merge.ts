import { type Comparisons, type ShadowFinding, type Sign, SIGNS } from './finding.js'

/**
 * Merges the findings of several instances about one route.
 *
 * Each instance simulates a cache of its own, so hits are those of separate caches: a shared one
 * has at least as many.
 */
export function mergeFindings (a: ShadowFinding, b: ShadowFinding): ShadowFinding {
  const sum = (name: NumericName) => a[name] + b[name]
  const lists = (name: 'hits' | 'judged' | 'stale') => a[name].map((n, i) => n + (b[name][i] ?? 0))
  return {
    route: a.route,
    since: Math.min(a.since, b.since),
    until: Math.max(a.until, b.until),
    requests: sum('requests'),
    sampled: sum('sampled'),
    identified: sum('identified'),
    weight: sum('weight'),
    eligible: sum('eligible'),
    // Instances behind a load balancer see the same URLs.
    keys: Math.max(a.keys, b.keys),
    hits: lists('hits'),
    judged: lists('judged'),
    stale: lists('stale'),
    probes: sum('probes'),
    micros: sum('micros'),
    bytes: sum('bytes'),
    signs: Object.fromEntries(
      SIGNS.map((sign) => [sign, a.signs[sign] + b.signs[sign]])
    ) as Record<Sign, number>,
    users: { ...added(a.users, b.users), unclear: a.users.unclear + b.users.unclear },
    headers: mapped(a.headers, b.headers, added),
    carried: [...new Set([...a.carried, ...b.carried])].sort(),
    declaredVary: [...new Set([...a.declaredVary, ...b.declaredVary])].sort(),
    intervals: sum('intervals'),
    changes: sum('changes'),
    flips: sum('flips'),
    brief: sum('brief'),
    statusFlips: sum('statusFlips'),
    refused: sum('refused'),
    writes: mapped(a.writes, b.writes, (one, other) => [one[0] + other[0], one[1] + other[1]])
  }
}

type NumericName = {
  [Name in keyof ShadowFinding]: ShadowFinding[Name] extends number ? Name : never
}[keyof ShadowFinding]

const added = (a: Comparisons, b: Comparisons): Comparisons => ({
  same: a.same + b.same,
  differ: a.differ + b.differ,
  proven: a.proven + b.proven
})

function mapped<V> (
  a: Readonly<Record<string, V>>,
  b: Readonly<Record<string, V>>,
  merge: (a: V, b: V) => V
): Record<string, V> {
  const all = new Map(Object.entries(a))
  for (const [name, value] of Object.entries(b)) {
    const own = all.get(name)
    all.set(name, own === undefined ? value : merge(own, value))
  }
  return Object.fromEntries(all)
}
