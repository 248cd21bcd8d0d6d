import { fieldsOf, type Wish } from './exchange.js'

/**
 * Builds the curl command that sends a request from a shell. The command contains no token: it
 * reads one from a variable such as EDITOR_TOKEN, which npm start prints.
 *
 * @example
 * curlOf({ method: 'GET', path: '/api/products/1' }, 'http://localhost:8080')
 * // "curl -i 'http://localhost:8080/api/products/1'"
 */
export function curlOf (wish: Wish, origin: string, role?: string): string {
  const { 'cache-control': cacheControl, ...fields } = fieldsOf(wish, undefined)
  const headers = Object.entries({
    ...fields,
    ...(wish.bypass === true && { 'cache-control': cacheControl })
  })
  return [
    'curl', wish.method === 'HEAD' ? '-I' : '-i',
    ...(wish.method === 'GET' || wish.method === 'HEAD' ? [] : ['-X', wish.method]),
    quoted(wish.path.startsWith('/') ? origin + wish.path : wish.path),
    ...headers.flatMap(([name, value]) => ['-H', quoted(`${name}: ${value}`)]),
    ...(role === undefined ? [] : ['-H', `"authorization: Bearer $${role.toUpperCase()}_TOKEN"`]),
    ...(wish.body === undefined ? [] : ['-d', quoted(wish.body.text)])
  ].join(' ')
}

/** Quotes a text as one word for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/**
 * Returns the tags in a Cache-Groups field (RFC 9875), one per line.
 *
 * @example tagsIn('"products", "product:3"') // 'products\nproduct:3'
 */
export const tagsIn = (cacheGroups: string): string =>
  [...cacheGroups.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
    .map(([, tag = '']) => tag.replaceAll(/\\(.)/g, '$1'))
    .join('\n')
