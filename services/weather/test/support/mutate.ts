/** Returns random-looking numbers, the same in each run (mulberry32). */
export function random (seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) % below
  }
}

const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  4.5,
  '',
  'x',
  '<script>',
  [],
  {},
  [null],
  { __proto__: null },
  '6.4',
  99_999,
  'NaN',
  '\u0000',
  '2026-13-40T99:99'
]

/** Mutates a recorded body: its bytes or values are changed or removed. */
export function mutate (text: string, below: (limit: number) => number): string {
  switch (below(6)) {
    case 0: return text.slice(0, below(text.length))
    case 1: return splice(text, below(text.length), 1 + below(20), '')
    case 2: return splice(text, below(text.length), 1, String.fromCharCode(32 + below(95)))
    case 3: return splice(text, below(text.length), 0, '\u0000\uFFFF"{}[],:'.charAt(below(9)))
    default: return JSON.stringify(changed(JSON.parse(text), below))
  }
}

const splice = (text: string, at: number, remove: number, add: string) =>
  text.slice(0, at) + add + text.slice(at + remove)

/** Changes, removes or renames one value somewhere in it. */
function changed (value: unknown, below: (limit: number) => number): unknown {
  if (typeof value !== 'object' || value === null || below(5) === 0) {
    return VALUES[below(VALUES.length)]
  }
  if (Array.isArray(value)) {
    const list: unknown[] = value
    const at = below(list.length || 1)
    if (below(8) === 0) return list.toSpliced(at, 1)
    return list.with(Math.min(at, list.length - 1), changed(list[at], below))
  }
  const entries: [string, unknown][] = Object.entries(value)
  const at = below(entries.length || 1)
  return Object.fromEntries(entries.flatMap(([name, member], i): [string, unknown][] => {
    if (i !== at) return [[name, member]]
    const how = below(10)
    return how === 0 ? [] : how === 1 ? [[`${name}_`, member]] : [[name, changed(member, below)]]
  }))
}
