import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { notesOf, released } from '../release/changelog.js'
import { manifestProblems } from '../release/manifest-problems.js'
import type { Tarball } from '../release/pack.js'
import { readPackageJson } from '../release/package-json.js'
import { isVersion, setVersion } from '../release/set-version.js'
import { importsOf, tarballProblems } from '../release/tarball-problems.js'
import { inOrder, publicWorkspaces, type Workspace } from '../release/workspaces.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const workspaces = await publicWorkspaces(ROOT)
const named = (name: string, dependencies: readonly string[] = []): Workspace => ({
  folder: name,
  json: {
    name,
    version: '1.0.0',
    dependencies: Object.fromEntries(dependencies.map((of) => [of, '1.0.0']))
  }
})

function temp (t: Test): string {
  const folder = mkdtempSync(`${tmpdir()}/weir-release-test-`)
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

t.test('public packages are ordered after their dependencies', async (t) => {
  const names = workspaces.map(({ json }) => json.name)
  for (const name of ['@weir/fastify', '@weir/cache', '@weir/internal', 'create-weir']) {
    t.ok(names.includes(name), name)
  }
  t.notOk(names.includes('@weir/examples'), 'private ones are not')
  for (const { json } of workspaces) {
    for (const name of Object.keys(json.dependencies ?? {}).filter((name) =>
      names.includes(name)
    )) {
      t.ok(names.indexOf(name) < names.indexOf(json.name), `${name} before ${json.name}`)
    }
  }
  t.throws(() => inOrder([named('a', ['b']), named('b', ['a'])]), {
    message: 'a, b depend on each other.'
  })
})

t.test("every package.json is publishable and has the repository's license", async (t) => {
  const root = await readPackageJson(ROOT)
  const names = new Set(workspaces.map(({ json }) => json.name))
  const license = readFileSync(`${ROOT}LICENSE`, 'utf8')
  for (const workspace of workspaces) {
    t.strictSame(manifestProblems(root, workspace, names), [], workspace.json.name)
    t.equal(readFileSync(`${ROOT}${workspace.folder}/LICENSE`, 'utf8'), license)
  }
  const wrong = {
    folder: 'x',
    json: { name: 'x', version: '9.9.9', dependencies: { '@weir/examples': '0.0.1' } }
  }
  const problems = manifestProblems(root, wrong, names).join('\n')
  for (const text of [
    'version 9.9.9',
    'keywords',
    'provenance',
    'repository.directory',
    'which is not published',
    '@weir/examples 0.0.1, not'
  ]) {
    t.match(problems, text)
  }
})

t.test('everything missing from a tarball is found', async (t) => {
  const root = temp(t)
  const json = {
    name: 'p',
    version: '1.0.0',
    exports: { '.': './dist/a.js', './b/*': './dist/b/*.js' },
    bin: { p: './dist/p.js' },
    dependencies: { known: '1' }
  }
  const files: Record<string, string> = {
    'dist/a.js':
      "import { x } from 'known/deep'\nimport fs from 'node:fs'\nexport * from \"@scope/unknown/deep\"\n//# sourceMappingURL=a.js.map",
    'dist/a.js.map': '{"sources":["../src/a.ts"]}',
    'dist/a.d.ts': 'export declare const a: import("typed").T',
    'dist/c.js': 'export {}',
    'dist/d.js': '//# sourceMappingURL=d.js.map'
  }
  mkdirSync(`${root}/p/dist`, { recursive: true })
  for (const [path, text] of Object.entries(files)) writeFileSync(`${root}/p/${path}`, text)
  const tarball: Tarball = {
    workspace: { folder: 'p', json },
    file: '',
    size: 0,
    unpackedSize: 0,
    integrity: '',
    shasum: '',
    paths: [
      'package.json',
      'README.md',
      'dist/test/a.js',
      'dist/x.tsbuildinfo',
      ...Object.keys(files)
    ].filter((path) => path !== 'dist/test/a.js')
  }
  t.strictSame(await tarballProblems(root, tarball), [
    'LICENSE is missing',
    'dist/x.tsbuildinfo must not be in the tarball',
    'exports ./b/*: nothing matches ./dist/b/*.js',
    'bin p: ./dist/p.js is missing',
    'dist/a.js imports @scope/unknown, which is not a dependency',
    'dist/a.js.map: its source src/a.ts is missing',
    'dist/a.d.ts imports typed, which is not a dependency',
    'dist/c.js has no source map',
    'dist/d.js: its source map dist/d.js.map is missing'
  ])
})

t.test('imports are found in code, not in comments and strings', async (t) => {
  t.strictSame(
    importsOf(
      [
        'import a, {',
        '  b',
        "} from 'a/deep'",
        "import 'b'",
        'export { c } from "@c/c/d"',
        "const d = await import('d')",
        "export const e = 'e'",
        "// import 'f'",
        '/** @example',
        " * import 'g'",
        ' */',
        "import { h } from './h.js'",
        "import i from 'fs'"
      ].join('\n')
    ),
    ['a', 'b', '@c/c', 'd']
  )
})

t.test('a version takes over the unreleased notes', async (t) => {
  const changelog =
    '# Changelog\n\n## Unreleased\n\n### Added\n\n- x\n\n## 0.1.0 - 2026-01-01\n\n- y\n'
  const after = released(changelog, '0.2.0', '2026-02-02')
  t.equal(notesOf(after, '0.2.0'), '### Added\n\n- x')
  t.equal(notesOf(after, '0.1.0'), '- y')
  t.equal(notesOf(after, 'Unreleased'), undefined)
  t.equal(notesOf(after, '0.2'), undefined)
  t.throws(() => released(after, '0.3.0', '2026-03-03'), { message: /nothing under/ })
  for (const version of ['1.2.3', '1.2.3-rc.1']) t.ok(isVersion(version), version)
  for (const version of ['1.2', 'v1.2.3', '1.2.3+4', '']) t.notOk(isVersion(version), version)
})

t.test('a version is written to all packages and their dependents', async (t) => {
  const root = temp(t)
  const write = (path: string, json: object) => {
    mkdirSync(`${root}/${path}`, { recursive: true })
    writeFileSync(`${root}/${path}/package.json`, JSON.stringify(json, undefined, 2))
  }
  write('.', { name: 'r', version: '1.0.0', workspaces: ['packages/*'] })
  write('packages/a', { name: '@weir/a', version: '1.0.0' })
  write('packages/b', {
    name: '@weir/b',
    version: '1.0.0',
    dependencies: { '@weir/a': '1.0.0', other: '1.0.0' },
    peerDependencies: { '@weir/z': '^1.0.0' }
  })
  writeFileSync(`${root}/CHANGELOG.md`, '## Unreleased\n\n- x\n')
  t.equal((await setVersion(root, '1.1.0', '2026-01-01')).length, 4)
  t.match(await readPackageJson(`${root}/packages/b`), {
    version: '1.1.0',
    dependencies: { '@weir/a': '1.1.0', other: '1.0.0' },
    peerDependencies: { '@weir/z': '^1.0.0' }
  })
})

t.test('a dirty tree and a version without notes are refused', async (t) => {
  const root = temp(t)
  cpSync(`${ROOT}infra/dist/release`, `${root}/infra/dist/release`, { recursive: true })
  writeFileSync(
    `${root}/package.json`,
    '{"name":"r","version":"1.0.0","type":"module","workspaces":["p"]}'
  )
  mkdirSync(`${root}/p`)
  writeFileSync(`${root}/p/package.json`, '{"name":"p","version":"1.0.0"}')
  writeFileSync(`${root}/CHANGELOG.md`, '## Unreleased\n\n- x\n')
  spawnSync('git', ['init', '-q'], { cwd: root })
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`${root}/infra/dist/release/main.js`, '--dry-run'],
    { encoding: 'utf8' }
  )
  t.equal(status, 1)
  t.match(stdout, /^p@1\.0\.0 +tag latest +1 files/)
  t.match(
    stderr,
    /the working tree is dirty[^]*no notes under "## 1\.0\.0"[^]*p: LICENSE is missing[^]*Not to be published: \d+ problems\./
  )
})
