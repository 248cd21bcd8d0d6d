import { build, stop } from 'esbuild'
import { cp, mkdir, readFile, realpath, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUNDLED } from '#infra/local/bundle.js'
import { type Change, changed } from '../support/mutated-package.js'
import type { Mutant } from './mutants.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const MODULES = join(ROOT, 'node_modules')

/**
 * Bundles the program of an instance into a new folder; a mutant has a piece of text replaced.
 * Bundles start with half the CPU, and mutants need no copies of the packages.
 * @returns the instance's program
 * @throws Error if the text is missing, or there more than once: then the mutant has to follow the
 *   code
 */
export async function bundleInstance (folder: string, mutant?: Mutant): Promise<string> {
  await mkdir(folder, { recursive: true })
  // Modules outside of the bundle are found from here; plugins read the version two levels up.
  await symlink(MODULES, join(folder, 'node_modules'))
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'))
  const program = join(folder, 'dist/bundle/instance.js')
  const changes = await changesOf(mutant)
  await build({
    ...BUNDLED,
    entryPoints: [fileURLToPath(new URL('instance.js', import.meta.url))],
    outfile: program,
    plugins: [{
      name: 'changes',
      setup (bundling) {
        bundling.onLoad({ filter: /\.js$/ }, ({ path }) => {
          const contents = changes.get(path)
          return contents === undefined ? undefined : { contents }
        })
      }
    }]
  })
  // The bundler process would stay, with hundreds of MB.
  await stop()
  return program
}

/** The changed text of each file. */
async function changesOf (mutant: Mutant | undefined): Promise<ReadonlyMap<string, string>> {
  if (mutant === undefined) return new Map()
  const file = await realpath(join(MODULES, mutant.file))
  const changes: readonly Change[] = [mutant, ...(mutant.also === undefined ? [] : [mutant.also])]
  const source = await readFile(file, 'utf8')
  return new Map([[file, changes.reduce((text, change) => changed(text, change, file), source)]])
}
