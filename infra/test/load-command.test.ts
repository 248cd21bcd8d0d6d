import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { type Report } from '../load/result.js'
import { startShop } from './load-shop.js'

const MAIN = fileURLToPath(new URL('../load/main.js', import.meta.url))

/** Runs the command as a user would. */
function command (t: Test, ...args: string[]) {
  const { EDITOR_TOKEN: _, ...env } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { stdout += chunk })
  const told = createInterface({ input: child.stderr })
  const stderr: string[] = []
  told.on('line', (line) => { stderr.push(line) })
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr }))
  return { child, told, ended }
}

const reportIn = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Report

t.test('measures, prints and writes reports', async (t) => {
  const { url, token } = await startShop(t)
  const dir = t.testdir({})
  const [json, html] = [join(dir, 'load.json'), join(dir, 'load.html')]
  const { code, stdout, stderr } = await command(
    t,
    '--url',
    url,
    '--scenario',
    'all',
    '--token',
    token,
    '--duration',
    '0.2',
    '--rate',
    '20',
    '--require',
    'errors=0',
    '--require',
    'hit-ratio>=0',
    '--json',
    json,
    '--html',
    html
  ).ended
  t.equal(code, 0, stderr.join('\n'))
  for (const name of [
    'cold',
    'warm',
    'conditional',
    'mixed, reads',
    'mixed, writes',
    'stampede',
    'weather',
    'bypass, no-cache',
    'limited'
  ]) {
    t.match(stdout, new RegExp(`^${name}: \\d+ answers a second for`, 'm'))
    t.ok(stderr.includes(`${name}: 0.2 s`), name)
  }
  t.match(stdout, /^ok {6}errors=0 \(cold 0, /m)
  t.match(stdout, /^by shop-1 100\.0 %$/m)
  t.notMatch(stdout, /NaN|undefined/)
  t.match(reportIn(json), {
    url,
    interrupted: false,
    failed: [],
    machine: { node: process.version },
    requirements: [{ met: true }, {}]
  })
  t.equal(reportIn(json).results.length, 10)
  const page = readFileSync(html, 'utf8')
  for (const id of ['cold', 'mixed-reads', 'bypass-no-cache']) {
    t.match(page, new RegExp(`<a href="#${id}">[\\s\\S]*<h[23] id="${id}">`))
  }
  t.notMatch(page, /NaN|undefined|\[object/)
})

t.test(
  'exit status 1 for unmet requirements and failed measurements',
  async (t) => {
    const { url } = await startShop(t)
    const unmet = await command(
      t,
      '--url',
      url,
      '--duration',
      '0.2',
      '--rate',
      '5',
      '--require',
      'hit-ratio<1',
      '--require',
      'errors=0'
    ).ended
    t.match(unmet, {
      code: 1,
      stdout: /^NOT MET hit-ratio<1 \(warm 1\)\nok {6}errors=0 \(warm 0\)$/m
    })
    const nobody = await command(t, '--url', 'http://127.0.0.1:1').ended
    t.match(nobody, { code: 1, stdout: /^warm: Not measured: no response from / })
  }
)

t.test('exit status 2 and one line for a wrong command line', async (t) => {
  const wrong: [string[], RegExp][] = [
    [['--scenario', 'hot'], /^load: --scenario hot: /],
    [['--scenario', 'mixed'], /^load: --scenario mixed writes, which needs a token/],
    [['--json', join(t.testdir({}), 'no', 'such', 'folder')], /^load: .* cannot be written: ENOENT/]
  ]
  for (const [args, message] of wrong) {
    t.match(await command(t, ...args).ended, { code: 2, stdout: '', stderr: [message] })
  }
  t.match(await command(t, '--help').ended, { code: 0, stdout: /^npm run load \[-- / })
})

t.test('Ctrl-C ends the run and reports everything measured so far', async (t) => {
  const { url } = await startShop(t)
  const dir = t.testdir({})
  const [json, html] = [join(dir, 'load.json'), join(dir, 'load.html')]
  const { child, told, ended } = command(
    t,
    '--url',
    url,
    '--scenario',
    'bypass',
    '--duration',
    '3600',
    '--rate',
    '5',
    '--json',
    json,
    '--html',
    html
  )
  told.on('line', (line) => { if (/^bypass, cached: \d+\/3600 s/.test(line)) child.kill('SIGINT') })
  const { code, stdout } = await ended
  t.equal(code, 130)
  t.match(stdout, /^bypass, cached: [\s\S]*^Ended before everything was measured\.$/m)
  t.match(reportIn(json), { interrupted: true, results: [{ part: 'cached', failed: 0 }] })
  t.ok(existsSync(html))
})
