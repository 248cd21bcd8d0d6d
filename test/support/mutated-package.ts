import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One change of a compiled file. */
export interface Change {
  /** Text that is in the file exactly once. */
  readonly from: string
  readonly to: string
}

/** Copies the modules of a compiled package without its tests. */
export async function copyPackage (from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  await cp(join(from, 'package.json'), join(to, 'package.json'))
  await cp(join(from, 'dist'), join(to, 'dist'), {
    recursive: true,
    filter: (path) => !/(?:\/test|\.d\.ts|\.map)$/.test(path)
  })
  const own = join(from, 'node_modules')
  if (existsSync(own)) await symlink(own, join(to, 'node_modules'))
}

/** Changes a file as {@link changed} does. */
export async function changeFile (file: string, change: Change): Promise<void> {
  await writeFile(file, changed(await readFile(file, 'utf8'), change, file))
}

/**
 * Returns the changed source of a file.
 * @throws Error if the text is missing, or there more than once: then the mutant has to follow the
 *   code
 */
export function changed (source: string, { from, to }: Change, file: string): string {
  const found = source.split(from).length - 1
  if (found !== 1) {
    throw new Error(
      `'${from}' is in ${file} ${found} times, not once: the mutant has to follow the code`
    )
  }
  return source.replace(from, () => to)
}
