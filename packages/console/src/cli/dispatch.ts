import { readFileSync } from 'node:fs'
import { type Command, type Io, UsageError } from './command.js'
import { commands, DEFAULT_COMMAND } from './commands.js'
import { reasonOf } from './define.js'

/** Runs the command named by the arguments and resolves to the exit code of the process. */
export async function dispatch (argv: readonly string[], io: Io): Promise<number> {
  const [first] = argv
  if (first === '--help' || first === '-h' || first === 'help') {
    io.stdout.write(overview())
    return 0
  }
  if (first === '--version' || first === '-v') {
    io.stdout.write(`${version()}\n`)
    return 0
  }
  const named = first !== undefined && !first.startsWith('-')
  const name = named ? first : DEFAULT_COMMAND
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    io.stderr.write(`weir has no command "${name}".\n\n${overview()}`)
    return 2
  }
  return await run(command, named ? argv.slice(1) : argv, io)
}

async function run (command: Command, args: readonly string[], io: Io): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    io.stdout.write(`${command.usage}\n`)
    return 0
  }
  try {
    return await command.run(args, io)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (isUsageError(error)) {
      io.stderr.write(`${error.message}\n\n${command.usage}\n`)
      return 2
    }
    io.stderr.write(`${reasonOf(error).replace(/\.$/, '')}.\n`)
    return 1
  }
}

const isUsageError = (error: Error): boolean =>
  error instanceof UsageError ||
  ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_'))

function overview (): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length))
  const lines = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`
  )
  return [
    'Usage: weir [COMMAND] [OPTIONS]',
    '',
    'Commands:',
    ...lines,
    '',
    `Without a command: ${DEFAULT_COMMAND}. Options of a command: weir COMMAND --help`,
    'Version: weir --version',
    ''
  ].join('\n')
}

function version (): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { readonly version: string }
  return version
}
