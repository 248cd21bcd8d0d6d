import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Child, startChild } from './children/start.js'

const PATH = process.env['PATH'] ?? ''

/** Arguments of the child `program` that set variables of the program's environment. */
export const environment = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])

/**
 * Starts a program that listens on a port, and resolves when it takes connections; `ready.url` is
 * its address.
 * @param args of the child `program`: variables, `--`, and the command
 */
export async function startProgram (port: number, args: readonly string[]): Promise<Child> {
  // Debian puts servers into folders that only root's PATH contains.
  const path = environment({ PATH: `${PATH}:/usr/local/sbin:/usr/sbin:/sbin` })
  const child = await startChild('program', [...path, ...args])
  for (let attempt = 0; !await answers(port); attempt++) {
    if (attempt === 200) {
      await child.end()
      throw new Error(`${args[args.indexOf('--') + 1]} does not listen after 20 s`)
    }
    await wait(100)
  }
  return { ...child, ready: { url: `http://127.0.0.1:${port}` } }
}

/** The command of a Varnish that may store 256 MiB. */
export const varnishCommand = (port: number, folder: string, vcl: string): string[] => [
  // Varnish needs no jail here: a single user starts and ends all processes.
  '--', 'varnishd', '-F', '-j', 'none', '-n', join(folder, 'work'), '-a', `127.0.0.1:${port}`,
  '-f', vcl, '-s', 'malloc,256m'
]

/** The command of an nginx. */
export const nginxCommand = (folder: string, config: string): string[] =>
  ['--', 'nginx', '-e', 'stderr', '-p', folder, '-c', config]

/** Copies a configuration file into a folder, with the values of this run; returns its path. */
export async function configured (
  template: string, folder: string, values: Readonly<Record<string, string>>
): Promise<string> {
  await mkdir(folder, { recursive: true })
  let text = await readFile(template, 'utf8')
  for (const [what, value] of Object.entries(values)) {
    text = text.replace(new RegExp(`\\b${what}\\b`, 'g'), value)
  }
  const file = join(folder, basename(template))
  await writeFile(file, text)
  return file
}

async function answers (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => { resolve(true) }).once('error', () => { resolve(false) })
  }).finally(() => { socket.destroy() })
}
