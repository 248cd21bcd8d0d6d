import { existsSync, readdirSync } from 'node:fs'
import { type PackageJson, readPackageJson } from './package-json.js'

/** A public package of this repository. */
export interface Workspace {
  /** Relative to the root of the repository. */
  readonly folder: string
  readonly json: PackageJson
}

/** Lists the public workspaces of a repository, each after its dependencies. */
export async function publicWorkspaces (root: string): Promise<Workspace[]> {
  const found: Workspace[] = []
  for (const folder of await foldersOfAll(root)) {
    const json = await readPackageJson(`${root}/${folder}`)
    if (json.private !== true) found.push({ folder, json })
  }
  return inOrder(found)
}

/**
 * Lists the folders of all workspaces of a repository, private ones included, relative to its root.
 */
export async function foldersOfAll (root: string): Promise<string[]> {
  const { workspaces = [] } = await readPackageJson(root)
  return workspaces.flatMap((pattern) => foldersOf(root, pattern))
}

/** Expands a pattern: a path, or all folders in one (`packages/*`). */
function foldersOf (root: string, pattern: string): string[] {
  if (!pattern.endsWith('/*')) return [pattern]
  const parent = pattern.slice(0, -2)
  return readdirSync(`${root}/${parent}`).map((name) => `${parent}/${name}`)
    .filter((folder) => existsSync(`${root}/${folder}/package.json`))
}

/** Sorts workspaces so that each comes after its dependencies; otherwise by name. */
export function inOrder (workspaces: readonly Workspace[]): Workspace[] {
  const waiting = new Map(
    workspaces
      .toSorted((a, b) => (a.json.name < b.json.name ? -1 : 1))
      .map((w) => [w.json.name, w])
  )
  const sorted: Workspace[] = []
  while (waiting.size > 0) {
    const next = [...waiting.values()].find(({ json }) =>
      Object.keys(json.dependencies ?? {}).every((name) => !waiting.has(name))
    )
    if (next === undefined) {
      throw new Error(`${[...waiting.keys()].join(', ')} depend on each other.`)
    }
    sorted.push(next)
    waiting.delete(next.json.name)
  }
  return sorted
}
