import { type Answer } from './client.js'

/** One cache's member of Cache-Status (RFC 9211 2). */
export interface Member {
  readonly cache: string
  readonly [parameter: string]: string | number | boolean | undefined
}

/** The members of Cache-Status, the cache nearest to the origin first. */
export function cacheStatus ({ headers }: Pick<Answer, 'headers'>): Member[] {
  const field = [headers['cache-status'] ?? ''].flat().join(', ')
  return split(field, ',').map((member) => {
    const [cache = '', ...parameters] = split(member, ';')
    return { cache, ...Object.fromEntries(parameters.map(parameter)) }
  })
}

/** Weir's member: the last one, because Weir handled the response last. */
export function ours (answer: Pick<Answer, 'headers'>): Member {
  return cacheStatus(answer).at(-1) ?? { cache: '' }
}

export const isHit = (answer: Pick<Answer, 'headers'>): boolean => ours(answer)['hit'] === true

function parameter (text: string): [string, string | number | boolean] {
  const [name = '', value] = text.split(/=(.*)/s)
  if (value === undefined || value === '?1') return [name, true]
  if (value === '?0') return [name, false]
  return [name, /^-?\d+$/.test(value) ? Number(value) : value.replace(/^"(.*)"$/s, '$1')]
}

/** Splits at separators outside of quotes. */
function split (text: string, separator: ',' | ';'): string[] {
  const part = separator === ',' ? /(?:"(?:[^"\\]|\\.)*"|[^,"])+/g : /(?:"(?:[^"\\]|\\.)*"|[^;"])+/g
  return (text.match(part) ?? []).map((member) => member.trim()).filter((member) => member !== '')
}
