/**
 * What every child process of the benchmark does: says that it is ready, answers questions, and
 * ends when the benchmark does, however that ended. `end` may clean up first.
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
  // The terminal sends Ctrl-C to the children too: they end by `disconnect`, in order.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.send?.(ready)
}

/** Microseconds of CPU this process has used, in user code and in the kernel. */
export function cpuMicros (): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
