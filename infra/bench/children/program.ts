// node program.js [--env NAME=VALUE ...] -- PROGRAM [ARGUMENT ...]
// Runs a program that ends with the benchmark, and tells its CPU time, with that of the processes that it has started.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { serveBenchmark } from './child.js'

const { values, positionals } = parseArgs({ options: { env: { type: 'string', multiple: true, default: [] } }, allowPositionals: true })
const [program = '', ...args] = positionals
const env = { ...process.env }
for (const pair of values.env) env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1)
const child = spawn(program, args, {
  env,
  stdio: ['ignore', 'ignore', 'pipe'],
  // A process group apart: Ctrl-C is for the benchmark, which ends the program when nothing needs it any more.
  detached: true
})
const ended = new Promise<void>((resolve) => { child.once('close', () => { resolve() }) })
await once(child, 'spawn')
let isEnding = false
let said = ''
child.stderr.on('data', (part: Buffer) => { said = (said + part.toString()).slice(-4000) })
child.once('close', () => {
  if (isEnding) return
  console.error(`${program} ended:\n${said}`)
  process.exit(1)
})
serveBenchmark({ pid: String(child.pid) }, () => ({ cpuMicros: cpuMicrosOf(child.pid ?? 0) }), async () => {
  isEnding = true
  child.kill('SIGTERM')
  const late = setTimeout(() => { child.kill('SIGKILL') }, 3000)
  await ended
  clearTimeout(late)
})

/** The CPU time of a process and its descendants, in µs; NaN on a system without /proc. */
function cpuMicrosOf (pid: number): number {
  try {
    const children = new Map<number, { parent: number, ticks: number }>()
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue
      const stat = statOf(name)
      if (stat !== undefined) children.set(Number(name), stat)
    }
    const sum = (of: number): number => [...children]
      .filter(([, { parent }]) => parent === of)
      .reduce((total, [id]) => total + sum(id), microsOf(of, children.get(of)?.ticks ?? 0))
    return sum(pid)
  } catch {
    return NaN
  }
}

/**
 * The CPU time of one process. The scheduler counts it by the nanosecond, without that of threads that have ended,
 * and in ticks with it: each is at most what was used.
 */
function microsOf (pid: number, ticks: number): number {
  // USER_HZ is 100 wherever Node runs on Linux.
  const counted = ticks * 10_000
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const nanos = threads.map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))
    return Math.max(counted, nanos.reduce((sum, one) => sum + one, 0) / 1000)
  } catch {
    // The system does not tell, or the process has ended meanwhile.
    return counted
  }
}

/** Fields 4, 14 and 15 of /proc/PID/stat, the second of which may have spaces. */
function statOf (pid: string): { parent: number, ticks: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
  } catch {
    // The process has ended meanwhile.
    return undefined
  }
}
