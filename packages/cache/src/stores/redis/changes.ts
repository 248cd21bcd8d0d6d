import type { Stamp } from '../../validity.js'
import type { Change } from '../change.js'

/**
 * Parses a message of the scripts: a JSON list of kind, stamp and names. Undefined for anything
 * else.
 */
export function parseChange (message: string): Change | undefined {
  const [kind, time, ...names] = parseList(message)
  const stamp = wholeNumber(time)
  if (stamp === undefined || stamp === 0 || stamp > LATEST) return undefined
  switch (kind) {
    case 'invalidate': return { kind, stamp, tags: names }
    case 'clear': return names.length > 0 ? undefined : { kind, stamp }
    case 'replace': {
      const [key, end, ...rest] = names
      const until = end === '' ? Infinity : wholeNumber(end)
      return key === undefined || until === undefined || rest.length > 0
        ? undefined
        : { kind, stamp, key, until }
    }
    default: return undefined
  }
}

// The year 2112 in microseconds. A later stamp would be passed to Redis, whose clock would continue
// from it: stamps need room above, and between two of them.
const LATEST: Stamp = 2 ** 52

/** Reads a number as the scripts write it: digits only. */
function wholeNumber (text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined
}

function parseList (message: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(message)
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : []
  } catch {
    return []
  }
}
