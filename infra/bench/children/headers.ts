/** Headers from `name=value` arguments. */
export function headersOf (args: readonly string[]): Record<string, string> {
  return Object.fromEntries(args.map((arg) => {
    const end = arg.indexOf('=')
    return [arg.slice(0, end), arg.slice(end + 1)]
  }))
}

/** Writes each header as a `--header name=value` argument. */
export function headerArguments (headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}=${value}`])
}
