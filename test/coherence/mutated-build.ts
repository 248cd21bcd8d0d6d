import { cp, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { changeFile, copyPackage } from '../support/mutated-package.js'
import type { Mutant } from './mutants.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PROGRAM = [
  'instance.js', 'instance-edge.js', 'database.js', 'edge-settings.js', 'engine.js', 'resources.js'
]

/**
 * Copies the compiled files that an instance runs from this repository into an empty folder, and
 * replaces one piece of text in them. Everything else resolves to its usual place.
 * @returns the instance's program
 * @throws Error if the text is missing, or there more than once: then the mutant has to follow the
 *   code
 */
export async function mutatedBuild (folder: string, mutant: Mutant | undefined): Promise<string> {
  // Linked in a folder above the copies, so that the copies are found first.
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const modules = join(folder, 'build/node_modules')
  for (const name of await readdir(join(ROOT, 'packages'))) {
    await copyPackage(join(ROOT, 'packages', name), join(modules, '@weir', name))
  }
  await copyPackage(join(ROOT, 'plugins'), join(modules, '@weir/fastify'))
  for (const file of PROGRAM) await cp(new URL(file, import.meta.url), join(folder, 'build', file))
  await writeFile(join(folder, 'build/package.json'), '{ "type": "module" }')
  if (mutant !== undefined) {
    for (const change of [mutant, ...(mutant.also === undefined ? [] : [mutant.also])]) {
      await changeFile(join(modules, mutant.file), change)
    }
  }
  return join(folder, 'build/instance.js')
}
