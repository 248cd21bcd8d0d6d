import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const WRITER = fileURLToPath(new URL('support/progress-writer.js', import.meta.url))

/** Returns the stderr of a program that reports progress. */
async function written (
  t: Test,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {}
): Promise<string> {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe']
  })
  child.stdin.end()
  t.teardown(() => child.kill('SIGKILL'))
  const [output, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close')
  ])
  return output + errors
}

/** Runs the program on a terminal, created by `script`. */
const onTerminal = (t: Test, terminal: string) =>
  written(t, 'script', ['-qec', `'${process.execPath}' '${WRITER}'`, '/dev/null'], {
    TERM: terminal
  })

const plain =
  [10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((percent) => `Reading: ${percent}%\n`).join('') +
  'Writing 100 rows\n'

t.test('a log gets plain lines, a terminal a bar', async (t) => {
  t.equal(await written(t, process.execPath, [WRITER]), plain)
  // The terminal converts line ends to CRLF.
  t.equal(
    (await onTerminal(t, 'dumb')).replaceAll('\r\n', '\n'),
    plain,
    'a terminal without cursor control'
  )
  const bar = await onTerminal(t, 'xterm')
  t.match(bar, /Reading █+░* \d+% \| 100 rows/)
  t.notMatch(bar, 'Reading: ')
  t.ok(bar.endsWith('Writing 100 rows\r\n'))
})
