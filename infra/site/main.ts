import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'vitepress'
import { writeApiPages } from './api.js'
import { problemsOf } from './check.js'
import { REPORT } from './links.js'
import { llmsText } from './llms.js'
import { qualityProblems } from './page-quality.js'

// npm run docs:build: writes the site to docs/.vitepress/dist and checks its links and pages. Exits
// with 1 if there are problems.
const root = fileURLToPath(new URL('../../../', import.meta.url))
const out = `${root}docs/.vitepress/dist`
await rm(`${root}docs/api`, { recursive: true, force: true })
await writeApiPages(root.slice(0, -1), `${root}docs/api`)
await build(`${root}docs`)
const reports = (await readdir(`${root}docs`)).filter((name) => REPORT.test(`docs/${name}`))
for (const name of reports) await copyFile(`${root}docs/${name}`, `${out}/${name}`)
await writeFile(`${out}/llms.txt`, await llmsText(root))
const problems = await problemsOf(out)
for (const name of await readdir(out, { recursive: true })) {
  // Reports of load tests are documents of their own; 404.html has a client's text.
  if (!name.endsWith('.html') || name === '404.html' || reports.includes(name)) continue
  const faults = qualityProblems(await readFile(`${out}/${name}`, 'utf8'))
  problems.push(...faults.map((fault) => `/${name} ${fault}`))
}
for (const problem of problems) console.error(problem)
console.log(`${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
