import type { PackageJson } from './package-json.js'
import type { Workspace } from './workspaces.js'

/** Lists everything in a public package's package.json that prevents publishing. */
export function manifestProblems (
  root: PackageJson,
  { folder, json }: Workspace,
  names: ReadonlySet<string>
): string[] {
  const problems: string[] = []
  const want = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem)
  }
  want(
    json.version === root.version,
    `version ${json.version} is not that of the repository, ${root.version}`
  )
  want(json.license === root.license, `license is not ${root.license}`)
  want((json.description ?? '') !== '', 'description is missing')
  want((json.keywords ?? []).length > 0, 'keywords are missing')
  want(
    json.engines?.['node'] === root.engines?.['node'],
    `engines.node is not ${root.engines?.['node']}`
  )
  want(
    json.repository?.url === root.repository?.url,
    `repository.url is not ${root.repository?.url}`
  )
  want(json.repository?.directory === folder, `repository.directory is not ${folder}`)
  want(json.publishConfig?.access === 'public', 'publishConfig.access is not "public"')
  want(json.publishConfig?.provenance === true, 'publishConfig.provenance is not true')
  for (const [name, range] of Object.entries(json.dependencies ?? {})) {
    if (!name.startsWith('@weir/')) continue
    want(names.has(name), `depends on ${name}, which is not published`)
    want(range === root.version, `depends on ${name} ${range}, not ${root.version}`)
  }
  return problems
}
