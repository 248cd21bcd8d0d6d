import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutants.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PROGRAM = ['instance.js', 'database.js', 'engine.js', 'resources.js']

/**
 * Copies what an instance runs of this repository, as it is compiled, into an empty folder, and changes one piece of text in it.
 * Everything else is found where it is.
 * @returns the instance's program
 * @throws Error if the piece is not there, or more than once: then the mutant has to follow the code
 */
export async function mutatedBuild (folder: string, mutant: Mutant | undefined): Promise<string> {
  // A folder above the copies, so that they are found first.
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const modules = join(folder, 'build/node_modules')
  for (const name of await readdir(join(ROOT, 'packages'))) await copyPackage(join(ROOT, 'packages', name), join(modules, '@weir', name))
  await copyPackage(join(ROOT, 'plugins'), join(modules, '@weir/fastify'))
  for (const file of PROGRAM) await cp(new URL(file, import.meta.url), join(folder, 'build', file))
  await writeFile(join(folder, 'build/package.json'), '{ "type": "module" }')
  if (mutant !== undefined) await mutate(join(modules, mutant.file), mutant)
  return join(folder, 'build/instance.js')
}

async function copyPackage (from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  await cp(join(from, 'package.json'), join(to, 'package.json'))
  await cp(join(from, 'dist'), join(to, 'dist'), { recursive: true, filter: (path) => !path.endsWith('/test') })
  const own = join(from, 'node_modules')
  if (existsSync(own)) await symlink(own, join(to, 'node_modules'))
}

async function mutate (file: string, { from, to }: Mutant): Promise<void> {
  const source = await readFile(file, 'utf8')
  const found = source.split(from).length - 1
  if (found !== 1) throw new Error(`'${from}' is in ${file} ${found} times, not once: the mutant has to follow the code`)
  await writeFile(file, source.replace(from, () => to))
}
