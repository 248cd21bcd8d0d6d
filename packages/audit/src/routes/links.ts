import type { Method } from '../target/target.js'
import type { FoundRoute } from './schema.js'

const MOST = 50

/** Reads the paths that a page or a JSON document links to. */
export function linksIn (text: string): readonly string[] {
  const found = text.matchAll(/(?:href|src|action)\s*=\s*["']?(\/[^"'\s>#]*)|"(\/[^"\s\\]*)"/g)
  const paths = [...found].map(([, attribute, string]) => attribute ?? string ?? '')
  return [...new Set(paths)].filter((path) => !path.startsWith('//')).slice(0, MOST)
}

/** A route of which only an example is known. */
export const exampleRoute = (method: Method, example: string): FoundRoute => ({
  method,
  pattern: example.split('?')[0] ?? example,
  examples: [example],
  params: {},
  query: Object.fromEntries(
    [...new URL(example, 'http://localhost').searchParams].map(([name, value]) => [name, value])),
  required: [],
  headers: [],
  cookies: [],
  isPublic: undefined
})
