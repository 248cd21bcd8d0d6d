import type { Evidence } from '../report.js'
import type { Answer } from '../target/target.js'

const SHOWN = 60

/** Writes a request as a line for a shell, and what the app answered. */
export function evidenceOf (origin: string, answer: Answer): Evidence {
  const { method, path, headers, body } = answer.sent
  const parts = ['curl', '-i', '--path-as-is']
  if (method === 'HEAD') parts.push('-I')
  else if (method !== 'GET' || body !== undefined) parts.push('-X', method)
  parts.push(quoted(origin + path))
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value].flat()) parts.push('-H', quoted(`${name}: ${shortened(one)}`))
  }
  if (body !== undefined) parts.push('-d', quoted(body))
  const status = answer.headers.get('cache-status') ?? answer.headers.get('x-cache')
  return {
    curl: parts.join(' '),
    answer: `${answer.status}${status === undefined ? '' : ` (${status})`}: ${printable(answer.text)}`
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

const shortened = (text: string) =>
  text.length > 4 * SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text

/** The beginning of a body, without characters that control a terminal. */
const printable = (text: string) => {
  // eslint-disable-next-line no-control-regex -- control characters are the target
  const plain = text.slice(0, 4 * SHOWN).replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ')
  return plain.length > 2 * SHOWN ? `${plain.slice(0, 2 * SHOWN)}…` : plain
}
