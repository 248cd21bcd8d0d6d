import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { tempDir } from '../support/temp-dir.js'
import '../support/uncounted.js'
import { mutatedBuild } from './mutated-build.js'
import { type Mutant, MUTANTS } from './mutants.js'
import { runChecker } from './run-checker.js'

const REQUESTS = 1200

t.setTimeout(MUTANTS.length * 60_000)

/** Findings of the checker in these applications, in words. */
async function findingsOf (
  t: Parameters<typeof runChecker>[0],
  mutant: Mutant | undefined,
  subjects: string
) {
  const folder = await tempDir(t)
  const main = await mutatedBuild(folder, mutant)
  const json = join(folder, 'found.json')
  const args = [
    '--seed',
    'mutants',
    '--requests',
    String(REQUESTS),
    '--only',
    subjects,
    '--order',
    'before',
    '--transport',
    'http1',
    '--json',
    json
  ]
  const { code, output } = await runChecker(t, main, args)
  const summary: unknown = JSON.parse(await readFile(json, 'utf8'))
  const findings: unknown =
    typeof summary === 'object' && summary !== null && Reflect.get(summary, 'findings')
  return { code, output, findings: Array.isArray(findings) ? findings.map(String) : [] }
}

for (const mutant of MUTANTS) {
  t.test(`found: ${mutant.rule}`, async (t) => {
    const { code, output, findings } = await findingsOf(t, mutant, mutant.subject)
    t.equal(code, 1)
    t.ok(
      findings.some((finding) => mutant.shows.test(finding)),
      String(mutant.shows),
      { output: output.slice(0, 4000) }
    )
  })
}

t.test('no finding in the unchanged build', async (t) => {
  const subjects = new Set(MUTANTS.map(({ subject }) => subject))
  const { code, output, findings } = await findingsOf(t, undefined, [...subjects].join())
  t.equal(code, 0, output.slice(-4000))
  for (const { shows } of MUTANTS) {
    t.notOk(
      findings.some((finding) => shows.test(finding)),
      String(shows)
    )
  }
})

t.test('a mutant that does not match the code is an error', async (t) => {
  const strange: Mutant = {
    rule: '',
    subject: 'hooks',
    shows: /x/,
    edits: [{ file: 'key.js', from: 'text that does not occur', to: '' }]
  }
  await t.rejects(mutatedBuild(await tempDir(t), strange), {
    message: /is in .* 0 times, not once/
  })
})
