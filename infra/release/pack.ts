import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Workspace } from './workspaces.js'

/** A package's tarball, as `npm publish` would send it. */
export interface Tarball {
  readonly workspace: Workspace
  /** Path of the tarball. */
  readonly file: string
  /** Bytes, packed and unpacked. */
  readonly size: number
  readonly unpackedSize: number
  readonly integrity: string
  readonly shasum: string
  /** Paths of its files. */
  readonly paths: readonly string[]
}

interface Packed {
  readonly name: string
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly integrity: string
  readonly shasum: string
  readonly files: readonly { readonly path: string }[]
}

const PACK_WITHIN_MS = 120_000

/** Packs workspaces into a folder, in the given order. They must be compiled. */
export async function pack (
  root: string,
  workspaces: readonly Workspace[],
  destination: string
): Promise<Tarball[]> {
  const options = ['--json', '--ignore-scripts', '--pack-destination', destination]
  const chosen = workspaces.map(({ json }) => `--workspace=${json.name}`)
  const { stdout } = await promisify(execFile)('npm', ['pack', ...options, ...chosen], {
    cwd: root,
    timeout: PACK_WITHIN_MS,
    maxBuffer: 64 * 1024 * 1024
  })
  const packed = packedOf(JSON.parse(stdout))
  return workspaces.map((workspace) => {
    const one = packed.find(({ name }) => name === workspace.json.name)
    if (one === undefined) throw new Error(`npm pack created no tarball of ${workspace.json.name}.`)
    const { filename, size, unpackedSize, integrity, shasum, files } = one
    return {
      workspace,
      file: join(destination, filename),
      size,
      unpackedSize,
      integrity,
      shasum,
      paths: files.map(({ path }) => path)
    }
  })
}

function packedOf (json: unknown): Packed[] {
  // npm up to 11 prints a list, later versions an object by name.
  const list: unknown[] = typeof json === 'object' && json !== null ? Object.values(json) : []
  if (!list.every(isPacked)) {
    throw new Error('npm pack --json printed an unknown format: use the npm of Node 20 to 26.')
  }
  return list
}

const isPacked = (value: unknown): value is Packed =>
  typeof value === 'object' &&
  value !== null &&
  'filename' in value &&
  'integrity' in value &&
  'files' in value
