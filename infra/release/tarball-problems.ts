import { readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import type { Tarball } from './pack.js'

/** Exports that exist only in the repository, for tests. */
const UNPUBLISHED = new Set(['@weir/internal ./testing'])

/** Lists everything that is wrong with a tarball; empty if it may be published. */
export async function tarballProblems (
  root: string,
  { workspace, paths }: Tarball
): Promise<string[]> {
  const { folder, json } = workspace
  const there = new Set(paths)
  const read = (path: string) => readFile(`${root}/${folder}/${path}`, 'utf8')
  const problems = ['LICENSE', 'README.md', 'package.json']
    .filter((path) => !there.has(path))
    .map((path) => `${path} is missing`)
  problems.push(...paths.filter(isUnwanted).map((path) => `${path} must not be in the tarball`))
  for (const [name, target] of Object.entries(json.exports ?? {})) {
    if (!UNPUBLISHED.has(`${json.name} ${name}`)) {
      problems.push(...missingTargets(there, name, target))
    }
  }
  for (const [name, target] of Object.entries(json.bin ?? {})) {
    if (!there.has(posix.normalize(target))) problems.push(`bin ${name}: ${target} is missing`)
  }
  const allowed = new Set([
    json.name,
    ...Object.keys(json.dependencies ?? {}),
    ...Object.keys(json.peerDependencies ?? {})
  ])
  for (const path of paths.filter(isCompiled)) {
    const source = await read(path)
    problems.push(
      ...importsOf(source)
        .filter((name) => !allowed.has(name))
        .map((name) => `${path} imports ${name}, which is not a dependency`)
    )
    if (path.endsWith('.js') && !isBundle(path)) {
      problems.push(...(await mapProblems(there, path, source, read)))
    }
  }
  return problems
}

const isUnwanted = (path: string) =>
  /(?:^|\/)test\/|\.tsbuildinfo$|\.test\./.test(path) && !path.startsWith('templates/')
const isCompiled = (path: string) => path.startsWith('dist/') && /\.(?:js|d\.ts)$/.test(path)

/** Whether a file is a minified program for browsers, whose sources are not in the tarball. */
const isBundle = (path: string) => path.startsWith('dist/ui/')

function missingTargets (there: ReadonlySet<string>, name: string, target: string): string[] {
  const [before = '', after] = posix.normalize(target).split('*')
  const files =
    after === undefined
      ? [before]
      : [...there].filter((path) => path.startsWith(before) && path.endsWith(after))
  if (files.length === 0) return [`exports ${name}: nothing matches ${target}`]
  return files
    .flatMap((file) => [file, file.replace(/\.js$/, '.d.ts')])
    .filter((file) => !there.has(file))
    .map((file) => `exports ${name}: ${file} is missing`)
}

/** Lists the packages that compiled code or its types import by name. */
export function importsOf (source: string): string[] {
  // Examples in comments may import any package.
  const code = source.replace(/\/\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const imports = code.matchAll(
    /^(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"\s]+)['"]|\bimport\(['"]([^'"\s]+)['"]\)/gm
  )
  const names = [...imports].map(([, name, loaded]) => name ?? loaded ?? '')
  const packages = names.filter(
    (name) => !name.startsWith('.') && !name.startsWith('node:') && !builtinModules.includes(name)
  )
  return [
    ...new Set(
      packages.map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/')
      )
    )
  ]
}

async function mapProblems (
  there: ReadonlySet<string>, path: string, source: string, read: (path: string) => Promise<string>
): Promise<string[]> {
  const [, url] = /^\/\/# sourceMappingURL=(.+)$/m.exec(source) ?? []
  if (url === undefined) return [`${path} has no source map`]
  const folder = posix.dirname(path)
  const map = posix.join(folder, url)
  if (!there.has(map)) return [`${path}: its source map ${map} is missing`]
  const parsed: unknown = JSON.parse(await read(map))
  const sources =
    typeof parsed === 'object' &&
    parsed !== null &&
    'sources' in parsed &&
    Array.isArray(parsed.sources)
      ? parsed.sources
      : []
  return sources.map((name) => posix.join(folder, String(name))).filter((name) => !there.has(name))
    .map((name) => `${map}: its source ${name} is missing`)
}
