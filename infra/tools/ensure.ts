// node infra/dist/tools/ensure.js redis-server nginx
//
// Prints nothing if every program exists; otherwise installs the missing ones, or explains how to.
import { findModule, findProgram } from './find-program.js'
import { packageManager } from './package-manager.js'

/** The package of each program, by package manager. */
const PACKAGES: Record<string, Record<string, string>> = {
  'redis-server': { 'apt-get': 'redis-server', brew: 'redis' },
  nginx: { 'apt-get': 'nginx', brew: 'nginx' },
  varnishd: { 'apt-get': 'varnish', brew: 'varnish' },
  // Modules of servers, which Debian packages separately.
  'libvmod_xkey.so': { 'apt-get': 'varnish-modules', brew: 'varnish' },
  'ngx_http_cache_purge_module.so': { 'apt-get': 'libnginx-mod-http-cache-purge', brew: 'nginx' },
  memcached: { 'apt-get': 'memcached', brew: 'memcached' },
  postgres: { 'apt-get': 'postgresql', brew: 'postgresql' },
  pgbouncer: { 'apt-get': 'pgbouncer', brew: 'pgbouncer' },
  promtool: { 'apt-get': 'prometheus', brew: 'prometheus' },
  // A compiler alone is not enough: Debian packages the C library's headers separately.
  gcc: { 'apt-get': 'build-essential', brew: 'gcc' }
}

const path = process.env.PATH ?? ''
const isMissing = (program: string): boolean =>
  (program.endsWith('.so') ? findModule(program) : findProgram(program, path)) === undefined
const missing = process.argv.slice(2).filter(isMissing)
if (missing.length > 0) process.exitCode = install(missing)

function install (programs: readonly string[]): number {
  const names = programs.join(' and ')
  const what = `${names} ${programs.length === 1 ? 'is' : 'are'} not installed`
  const manager = packageManager(path)
  if (manager === undefined) {
    return refuse(
      `${what}, and neither apt-get nor brew is available: install ${names}, then try again.`
    )
  }

  const packages = programs.map((program) => PACKAGES[program]?.[manager.name] ?? program)
  const command = manager.command(packages)
  if (manager.obstacle !== undefined) {
    return refuse(`${what}, but ${manager.obstacle}. Run this, then try again:\n  ${command}`)
  }

  console.log(`${what}: installing with ${manager.name} (no service is started)`)
  if (!manager.install(packages)) {
    return refuse(
      `${manager.name} failed, see above. Run this yourself, then try again:\n  ${command}`
    )
  }
  const still = programs.filter(isMissing)
  return still.length === 0
    ? 0
    : refuse(
        `${manager.name} succeeded, but ${still.join(' and ')} is still not on PATH (${path}).`
    )
}

function refuse (message: string): number {
  console.error(message)
  return 1
}
