/** One call in a history of one key: operation, answer, and their times on a common clock. */
export interface Call {
  readonly called: number
  readonly returned: number
  readonly act: Act
}

/** An operation and its answer. */
export type Act =
  | { readonly kind: 'read'; readonly value: number | undefined; readonly version: string }
  | { readonly kind: 'add'; readonly value: number; readonly isDone: boolean }
  | {
    readonly kind: 'compareAndSet'
    readonly version: string
    readonly value: number
    readonly isDone: boolean
  }
  | { readonly kind: 'touch'; readonly isDone: boolean }
  | { readonly kind: 'pull'; readonly value: number | undefined }
  | { readonly kind: 'increment'; readonly by: number; readonly sum: number }
  | { readonly kind: 'delete' }

/** The state of a key. The version is unknown until it is read; each change creates a new one. */
export interface State {
  readonly value: number | undefined
  readonly version: string | undefined
}

/**
 * Returns the possible states of the key after the calls, if each took effect at one moment between
 * its call and its end; none if that is impossible.
 *
 * Searches for an order by trying (Wing and Gong, 1993), and never tries the same set of calls
 * twice from one state.
 */
export function statesAfter (calls: readonly Call[], before: readonly State[]): State[] {
  const tried = new Set<string>()
  const ends = new Map<string, State>()
  const visit = (left: readonly Call[], state: State): void => {
    const name = JSON.stringify([left.map(({ called }) => called), state.value, state.version])
    if (tried.has(name)) return
    tried.add(name)
    if (left.length === 0) ends.set(name, state)
    const firstReturn = Math.min(...left.map(({ returned }) => returned))
    for (const call of left) {
      // A call made after another had returned cannot precede it.
      const next = call.called < firstReturn ? after(state, call.act) : undefined
      if (next !== undefined) visit(left.filter((other) => other !== call), next)
    }
  }
  for (const state of before) visit(calls, state)
  return [...ends.values()]
}

/** Returns the state after the operation; undefined if its answer would differ. */
function after (state: State, act: Act): State | undefined {
  const isThere = state.value !== undefined
  switch (act.kind) {
    case 'read':
      if (state.value !== act.value || (state.version ?? act.version) !== act.version) {
        return undefined
      }
      return { value: state.value, version: act.version }
    case 'add':
      if (act.isDone === isThere) return undefined
      return act.isDone ? changed(act.value) : state
    case 'compareAndSet':
      if (act.isDone !== (state.version === act.version)) return undefined
      return act.isDone ? changed(act.value) : state
    case 'touch':
      if (act.isDone !== isThere) return undefined
      return act.isDone ? changed(state.value) : state
    case 'pull':
      if (act.value !== state.value) return undefined
      return isThere ? NOTHING : state
    case 'increment':
      return act.sum === (state.value ?? 0) + act.by ? changed(act.sum) : undefined
    case 'delete':
      return NOTHING
  }
}

const changed = (value: number | undefined): State => ({ value, version: undefined })

/** The state without a value, as a cache names it. */
export const NOTHING: State = { value: undefined, version: 'AA' }
