import { readFile } from 'node:fs/promises'

/** The fields of a package.json that a release reads. */
export interface PackageJson {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly license?: string
  readonly description?: string
  readonly keywords?: readonly string[]
  readonly engines?: Readonly<Record<string, string>>
  readonly repository?: { readonly url?: string, readonly directory?: string }
  readonly publishConfig?: { readonly access?: string, readonly provenance?: boolean }
  readonly exports?: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
  readonly workspaces?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const isPackageJson = (value: unknown): value is PackageJson =>
  typeof value === 'object' &&
  value !== null &&
  'name' in value &&
  typeof value.name === 'string' &&
  'version' in value &&
  typeof value.version === 'string'

/** Reads the package.json of a folder. */
export async function readPackageJson (folder: string): Promise<PackageJson> {
  const json: unknown = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
  if (!isPackageJson(json)) throw new Error(`${folder}/package.json has no name or no version.`)
  return json
}
