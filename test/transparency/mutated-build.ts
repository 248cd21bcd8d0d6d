import { cp, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { changeFile, copyPackage } from '../support/mutated-package.js'
import type { Mutant } from './mutants.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Copies the compiled plugins and this checker into an empty folder, and replaces a piece of text
 * in them. Everything else resolves to its usual place.
 * @returns the checker's program
 * @throws Error if the text is missing, or there more than once: then the mutant has to follow the
 *   code
 */
export async function mutatedBuild (folder: string, mutant: Mutant | undefined): Promise<string> {
  // Linked in a folder above the copies, so that the copies are found first.
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const build = join(folder, 'build')
  const modules = join(build, 'node_modules')
  await copyPackage(join(ROOT, 'plugins'), join(modules, '@weir/fastify'))
  await cp(fileURLToPath(new URL('.', import.meta.url)), join(build, 'transparency'), {
    recursive: true
  })
  await cp(new URL('../coherence/random.js', import.meta.url), join(build, 'coherence/random.js'))
  await writeFile(join(build, 'package.json'), '{ "type": "module" }')
  for (const edit of mutant?.edits ?? []) {
    await changeFile(join(modules, '@weir/fastify/dist/response-cache', edit.file), edit)
  }
  return join(build, 'transparency/main.js')
}
