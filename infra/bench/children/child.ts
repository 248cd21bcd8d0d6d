/**
 * Serves the benchmark from a child process: reports readiness, answers requests for counts, and
 * ends when the benchmark ends, however it ended. `end` may clean up first.
 */
export function serveBenchmark (
  ready: Readonly<Record<string, string>>,
  answer: () => Readonly<Record<string, number>>,
  end?: () => Promise<void>
): void {
  process.on('message', () => {
    process.send?.(answer())
  })
  process.on('disconnect', () => {
    Promise.resolve(end?.()).then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      }
    )
  })
  // The terminal also sends Ctrl-C to the children: they end in order, by `disconnect`.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.send?.(ready)
}

/** Microseconds of CPU this process has used, in user code and in the kernel. */
export function cpuMicros (): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
