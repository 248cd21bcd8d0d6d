import { readdirSync, readFileSync } from 'node:fs'

/** The CPU time of a process and its descendants, in µs; NaN on a system without /proc. */
export function cpuMicrosOf (pid: number): number {
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
 * The CPU time of one process. The scheduler counts in nanoseconds but without threads that have
 * ended, and in ticks with them: neither exceeds the time used, so the larger one counts.
 */
function microsOf (pid: number, ticks: number): number {
  // USER_HZ is 100 on every Linux that runs Node.
  const counted = ticks * 10_000
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const nanos = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    )
    return Math.max(counted, nanos.reduce((sum, one) => sum + one, 0) / 1000)
  } catch {
    // The system does not report it, or the process has ended in the meantime.
    return counted
  }
}

/** Fields 4, 14 and 15 of /proc/PID/stat; the second field may contain spaces. */
function statOf (pid: string): { parent: number, ticks: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
  } catch {
    // The process has ended in the meantime.
    return undefined
  }
}
