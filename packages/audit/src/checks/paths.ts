import type { Trial } from '../probing/trial.js'
import { type Check, faults } from './check.js'

const changed = (path: string) => path === '/' ? '/index' : path
const last = /[^/]+$/

/** Ways to write a path differently, which routers and keys may understand differently. */
const VARIANTS: Readonly<Record<string, (path: string) => string>> = {
  'a slash at the end': (path) => `${changed(path)}/`,
  'two slashes': (path) => path.replace(/\/(?=[^/]*$)/, '//'),
  'capital letters': (path) => path.toUpperCase(),
  'capital letters at the end': (path) => path.replace(last, (name) => name.toUpperCase()),
  'an encoded letter': (path) =>
    path.replace(last, (name) => `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`),
  'a doubly encoded letter': (path) =>
    path.replace(last, (name) => `%25${name.charCodeAt(0).toString(16)}${name.slice(1)}`),
  'a doubly encoded slash': (path) => path.replace(/\/(?=[^/]*$)/, '%252F'),
  'doubly encoded dot segments': (path) => `/weir-audit/%252e%252e${path}`,
  'an encoded slash': (path) => path.replace(/\/(?=[^/]*$)/, '%2F'),
  'encoded dot segments': (path) => `/weir-audit/%2e%2e${path}`,
  'an encoded slash and dots': (path) => `/weir-audit%2F..${path}`,
  'dot segments with encoded slashes': (path) => `${path}%2Fweir-audit%2F..`,
  'a parameter of the path': (path) => `${path};weir-audit`,
  'a parameter of the path before the end': (path) =>
    path.replace(/\/(?=[^/]*$)/, ';weir-audit/'),
  'an extension': (path) => `${changed(path)}.json`,
  'an encoded null': (path) => `${path}%00`,
  'an encoded question mark': (path) => `${path}%3Fweir-audit`,
  'an encoded number sign': (path) => `${path}%23weir-audit`,
  'a backslash': (path) => path.replace(/\/(?=[^/]*$)/, '%5C'),
  'white space': (path) => `${path}%20`
}

/** Looks for paths that share a key with the route and are answered differently. */
export const paths: Check = async function * (probe) {
  const trials = Object.entries(VARIANTS).map(([input, path]): Trial => ({
    check: 'path-collision',
    input: `A path with ${input}`,
    fill: () => ({ path })
  }))
  if (probe.isolation?.name !== 'path parameter') {
    // The example may have no letters, and over a connection its pattern may be unknown.
    const word = (text: string) => (path: string) => path.replace(last, text)
    trials.push({
      check: 'path-collision',
      input: 'A path with capital letters at the end',
      fill: () => ({ path: word('WEIRAUDIT') }),
      read: { path: word('weiraudit') }
    })
  }
  yield * faults(probe, trials)
}

/** Endings that make the path of a page look like that of a file, for web cache deception. */
export const FILES: Readonly<Record<string, (path: string) => string>> = Object.fromEntries(
  [
    '/x.css', ';x.css', '%2Fx.css', '%00.css', '%0A.css', '%23x.css', '%3Fx.css', '.css', '/x.js',
    '/x.png', '/..%2fx.css'
  ]
    .map((suffix) => [suffix, (path: string) => (path === '/' ? '/x' : path) + suffix])
)
