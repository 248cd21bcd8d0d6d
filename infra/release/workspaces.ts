import { existsSync, readdirSync } from 'node:fs'
import { type PackageJson, readPackageJson } from './package-json.js'

/** A package of this repository that is published. */
export interface Workspace {
  /** Relative to the root of the repository. */
  readonly folder: string
  readonly json: PackageJson
}

/** The public workspaces of a repository, each after those it depends on. */
export async function publicWorkspaces (root: string): Promise<Workspace[]> {
  const found: Workspace[] = []
  for (const folder of await foldersOfAll(root)) {
    const json = await readPackageJson(`${root}/${folder}`)
    if (json.private !== true) found.push({ folder, json })
  }
  return inOrder(found)
}

/** The folders of all workspaces of a repository, private ones too, relative to its root. */
export async function foldersOfAll (root: string): Promise<string[]> {
  const { workspaces = [] } = await readPackageJson(root)
  return workspaces.flatMap((pattern) => foldersOf(root, pattern))
}

/** The folders of a pattern: a path, or all folders in one (`packages/*`). */
function foldersOf (root: string, pattern: string): string[] {
  if (!pattern.endsWith('/*')) return [pattern]
  const parent = pattern.slice(0, -2)
  return readdirSync(`${root}/${parent}`).map((name) => `${parent}/${name}`)
    .filter((folder) => existsSync(`${root}/${folder}/package.json`))
}

/** Sorts workspaces so that each comes after those it depends on; otherwise by name. */
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
      throw new Error(`${[...waiting.keys()].join(', ')} depend on each other in a circle.`)
    }
    sorted.push(next)
    waiting.delete(next.json.name)
  }
  return sorted
}
