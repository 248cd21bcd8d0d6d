#!/usr/bin/env node
import { relative, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { appName } from './app-name.js'
import { CreateError } from './errors.js'
import { install, packageManager } from './package-manager.js'
import { writeApp } from './write-app.js'

const HELP = `npm create weir@latest [folder] [-- options]

Makes a Fastify app with a response cache, invalidation on writes, rate limits and tests.

  folder         an empty folder, or one to be made; asked for if it is missing and this is a terminal
  --js           JavaScript; default: TypeScript
  --no-install   writes files only
  --help         prints this help`

process.exitCode = await run(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof CreateError ? error.message : error)
  return 1
})

async function run (args: string[]): Promise<number> {
  const { values, positionals } = parsed(args)
  if (values.help === true) {
    console.log(HELP)
    return 0
  }
  const [given = await askForFolder(), ...others] = positionals
  if (others.length > 0) {
    throw new CreateError(`Only one folder is allowed, but there is also ${others.join(' ')}.`)
  }
  const folder = resolve(given)
  const name = appName(folder)
  await writeApp(folder, name, values.js === true ? 'js' : 'ts')
  const manager = packageManager(process.env['npm_config_user_agent'])
  const path = relative('.', folder)
  const enter = path === '' ? [] : [`cd ${path}`]
  const isInstalled = values['no-install'] !== true && await install(folder, manager)
  if (values['no-install'] !== true && !isInstalled) {
    throw new CreateError(
      `The app is in ${folder}, but \`${manager} install\` failed (see above). Run it again there.`
    )
  }
  const next = [
    ...enter,
    ...(isInstalled ? [] : [`${manager} install`]),
    `${manager} test`,
    `${manager} start`
  ]
  console.log(`\n${name} is ready:\n\n${next.map((line) => `  ${line}`).join('\n')}\n`)
  return 0
}

function parsed (args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        js: { type: 'boolean' },
        'no-install': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' }
      }
    })
  } catch (error) {
    throw new CreateError(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
  }
}

async function askForFolder (): Promise<string> {
  if (!process.stdin.isTTY) throw new CreateError('Name the folder: npm create weir@latest my-app')
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const answer = await terminal.question('Folder (my-app): ')
    return answer.trim() === '' ? 'my-app' : answer.trim()
  } finally {
    terminal.close()
  }
}
