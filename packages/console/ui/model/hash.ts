/**
 * A location in the console, such as `#/shop/17?page=2`. The server has a single page, so the
 * fragment selects the view.
 */
export interface Place {
  /** `['shop', '17']`; empty for the first page. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

const LOGIN = /^#login=(.+)$/

/**
 * Returns the one-time code of a login link, `#login=…`. Browsers send the fragment neither to
 * servers nor in the Referer field.
 */
export const loginCodeIn = (hash: string): string | undefined => LOGIN.exec(hash)?.[1]

/** Parses an address; login links and malformed addresses lead to the first page. */
export function parseHash (hash: string): Place {
  if (loginCodeIn(hash) !== undefined) return { path: [], query: new URLSearchParams() }
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s)
  try {
    return {
      path: path
        .split('/')
        .filter((part) => part !== '')
        .map(decodeURIComponent),
      query: new URLSearchParams(query)
    }
  } catch {
    return { path: [], query: new URLSearchParams() }
  }
}

/** @example hashOf(['shop', '17'], { page: '2' }) // '#/shop/17?page=2' */
export function hashOf (
  path: readonly string[],
  query: Readonly<Record<string, string | undefined>> = {}
): string {
  const given = Object.entries(query).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''
  )
  const search = new URLSearchParams(given).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`
}
