import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One change of a compiled file. */
export interface Change {
  /** Text that is in the file exactly once. */
  readonly from: string
  readonly to: string
}

/** Copies a compiled package without its tests. */
export async function copyPackage (from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  await cp(join(from, 'package.json'), join(to, 'package.json'))
  await cp(join(from, 'dist'), join(to, 'dist'), {
    recursive: true,
    filter: (path) => !path.endsWith('/test')
  })
  const own = join(from, 'node_modules')
  if (existsSync(own)) await symlink(own, join(to, 'node_modules'))
}

/**
 * @throws Error if the text is missing, or there more than once: then the mutant has to follow the
 *   code
 */
export async function changeFile (file: string, { from, to }: Change): Promise<void> {
  const source = await readFile(file, 'utf8')
  const found = source.split(from).length - 1
  if (found !== 1) {
    throw new Error(
      `'${from}' is in ${file} ${found} times, not once: the mutant has to follow the code`
    )
  }
  await writeFile(file, source.replace(from, () => to))
}
