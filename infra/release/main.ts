// npm run release -- [--dry-run] [--tag next] | --set VERSION
//
// Publishes all packages under one version; see CONTRIBUTING.md.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { notesOf } from './changelog.js'
import { manifestProblems } from './manifest-problems.js'
import { pack, type Tarball } from './pack.js'
import { readPackageJson } from './package-json.js'
import { isVersion, setVersion } from './set-version.js'
import { tarballProblems } from './tarball-problems.js'
import { publicWorkspaces, type Workspace } from './workspaces.js'

const HELP = `npm run release                  publishes packages missing from the registry, in the order of dependencies
npm run release -- --dry-run     lists the packages to publish, and every reason not to
npm run release -- --set 1.2.0   writes that version into package.json files and CHANGELOG.md
  --tag next                     the tag in the registry; default: latest, or next for a version such as 1.2.0-rc.1`

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

process.exitCode = await run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})

async function run (): Promise<number> {
  const { values } = parseArgs({
    options: {
      'dry-run': { type: 'boolean' },
      tag: { type: 'string' },
      set: { type: 'string' },
      help: { type: 'boolean' }
    }
  })
  if (values.help) return say(HELP)
  if (values.set !== undefined) return set(values.set)
  const root = await readPackageJson(ROOT)
  const workspaces = await publicWorkspaces(ROOT)
  const destination = await mkdtemp(join(tmpdir(), 'weir-release-'))
  try {
    const tarballs = await pack(ROOT, workspaces, destination)
    const tag = values.tag ?? (root.version.includes('-') ? 'next' : 'latest')
    for (const tarball of tarballs) console.log(lineOf(tarball, tag))
    const problems = [
      ...(await repositoryProblems(root.version)),
      ...(await packageProblems(workspaces, tarballs))
    ]
    for (const problem of problems) console.error(`- ${problem}`)
    if (problems.length > 0) {
      return refuse(
        `Not to be published: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}.`
      )
    }
    if (values['dry-run']) return say('Dry run. These packages would be published, in this order.')
    return publish(tarballs, tag)
  } finally {
    await rm(destination, { recursive: true, force: true })
  }
}

async function set (version: string): Promise<number> {
  if (!isVersion(version)) {
    return refuse(`--set "${version}" is not a version such as 1.2.0 or 1.2.0-rc.1.`)
  }
  const files = await setVersion(ROOT, version, new Date().toISOString().slice(0, 10))
  return say(
    `Wrote ${version} into ${files.length} files. Next: npm install --package-lock-only, commit, npm run release -- --dry-run.`
  )
}

async function repositoryProblems (version: string): Promise<string[]> {
  const problems: string[] = []
  const changed = execFileSync('git', ['status', '--porcelain'], {
    cwd: ROOT,
    encoding: 'utf8'
  }).trimEnd()
  if (changed !== '') {
    problems.push(`the working tree is dirty: commit or stash these first\n${changed}`)
  }
  if (notesOf(await readFile(`${ROOT}CHANGELOG.md`, 'utf8'), version) === undefined) {
    problems.push(
      `CHANGELOG.md has no notes under "## ${version}": npm run release -- --set ${version} creates them from the unreleased notes`
    )
  }
  return problems
}

async function packageProblems (
  workspaces: readonly Workspace[],
  tarballs: readonly Tarball[]
): Promise<string[]> {
  const root = await readPackageJson(ROOT)
  const names = new Set(workspaces.map(({ json }) => json.name))
  const found = await Promise.all(
    tarballs.map(async (tarball) => {
      const problems = [
        ...manifestProblems(root, tarball.workspace, names),
        ...(await tarballProblems(ROOT, tarball))
      ]
      return problems.map((problem) => `${tarball.workspace.json.name}: ${problem}`)
    })
  )
  return found.flat()
}

/**
 * Publishes each tarball that the registry does not have. After a failure, run the same command
 * again.
 */
function publish (tarballs: readonly Tarball[], tag: string): number {
  for (const { workspace: { json }, file } of tarballs) {
    const id = `${json.name}@${json.version}`
    const known = spawnSync('npm', ['view', id, 'version', '--json'], { encoding: 'utf8' })
    if (known.status === 0 && known.stdout.trim() !== '') {
      console.log(`${id} is in the registry already.`)
      continue
    }
    const { status } = spawnSync(
      'npm',
      ['publish', file, '--tag', tag, '--access', 'public', '--provenance'],
      { stdio: 'inherit' }
    )
    if (status !== 0) {
      return refuse(
        `npm publish ${id} failed, see above. Packages before it are published; repeat the command to continue.`
      )
    }
  }
  return say('Published.')
}

function lineOf ({ workspace: { json }, size, unpackedSize, paths }: Tarball, tag: string): string {
  const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
  return (
    `${`${json.name}@${json.version}`.padEnd(24)} tag ${tag}  ${String(paths.length).padStart(4)} files  ` +
    `${kB(size).padStart(9)} packed  ${kB(unpackedSize).padStart(10)} unpacked`
  )
}

function say (text: string): number {
  console.log(text)
  return 0
}

function refuse (text: string): number {
  console.error(text)
  return 1
}
