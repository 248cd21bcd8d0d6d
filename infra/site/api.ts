import { readFile } from 'node:fs/promises'
import { Application } from 'typedoc'

/** Folders of the packages whose symbols are documented, in the order of the contents. */
const PACKAGES = [
  'plugins',
  'packages/cache',
  'packages/query',
  'packages/outbox',
  'packages/edge',
  'packages/limiter',
  'packages/http',
  'packages/audit',
  'packages/metrics',
  'packages/redis',
  'packages/sqlite',
  'packages/postgres'
]

/** Value of one name in `exports` of a package.json. */
type Export = string | { readonly types?: string, readonly default: string }

/**
 * Lists the declaration files of a package's exports, without `.d.ts`, each with its import name.
 */
async function exportsOf (root: string, folder: string): Promise<[string, string][]> {
  const { name, exports } = JSON.parse(await readFile(`${root}/${folder}/package.json`, 'utf8')) as
    { name: string, exports: Record<string, Export> }
  return (
    Object.entries(exports)
      .map(([path, at]): [string, string] => [
        typeof at === 'string' ? at : at.default,
        name + path.slice(1)
      ])
      // Patterns re-export what other packages document.
      .filter(([file]) => file.endsWith('.js') && !file.includes('*'))
      .map(([file, imported]) => [`${folder}/${file.slice('./'.length, -'.js'.length)}`, imported])
  )
}

/**
 * Writes a page for each export of each package from its doc comments.
 * @param root of the repository, compiled
 * @param out folder of the pages
 */
export async function writeApiPages (root: string, out: string): Promise<void> {
  const modules = (await Promise.all(PACKAGES.map((folder) => exportsOf(root, folder)))).flat()
  const app = await Application.bootstrapWithPlugins({
    ...OPTIONS,
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: modules.map(([file]) => `${root}/${file}.d.ts`),
    tsconfig: `${root}/tsconfig.base.json`,
    basePath: root,
    outputs: [{ name: 'markdown', path: out }]
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the declarations')
  const names = new Map(modules.map(([file, imported]) => [file.replace(/\/index$/, ''), imported]))
  for (const module of project.children ?? []) module.name = names.get(module.name) ?? module.name
  await app.generateOutputs(project)
}

const OPTIONS = {
  router: 'module',
  readme: 'none',
  disableSources: true,
  skipErrorChecking: true,
  excludePrivate: true,
  excludeInternal: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  entryFileName: 'index',
  // TypeDoc counts table rows as headings when it numbers headings of the same name.
  useHTMLAnchors: true,
  // Each overload has its own comment, and TypeDoc warns about every one.
  logLevel: 'Error'
} as const
