import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const ENSURE = fileURLToPath(new URL('../tools/ensure.js', import.meta.url))
const PRESENT = '#!/bin/sh\n'
/**
 * Records its calls; "installs" redis-server by creating it and starting its service, as a
 * package's scripts would.
 */
const APT_GET = `#!/bin/sh
for argument; do
  case "$argument" in
    DPkg::Path=*) PATH="\${argument#*=}" ;;
    update) echo update >> $CALLS ;;
    install) echo "install \${*##* install }" >> $CALLS ;;
  esac
done
case "$*" in *\\ install\\ *)
  for tool in invoke-rc.d deb-systemd-invoke deb-systemd-helper update-rc.d; do
    "$tool" start redis-server && echo "$tool does nothing" >> $CALLS
  done
  echo "$DEBIAN_FRONTEND" >> $CALLS
  echo '#!/bin/sh' > $FOLDER/redis-server
  /bin/chmod +x $FOLDER/redis-server
esac
`
const SUDO = `#!/bin/sh
echo "sudo $*" >> $CALLS
shift
[ "$*" = true ] || exec "$@"
`

/**
 * A machine with only these programs on PATH. Scripts may use $CALLS, a file for records, and
 * $FOLDER, their own.
 */
function machine (t: Test, programs: Record<string, string>) {
  const folder = t.testdir({})
  const notes = t.testdirName + '.calls'
  t.teardown(() => { rmSync(notes, { force: true }) })
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(
      join(folder, name),
      script.replaceAll('$CALLS', notes).replaceAll('$FOLDER', folder),
      { mode: 0o755 }
    )
  }
  symlinkSync('/usr/bin/env', join(folder, 'env'))
  return {
    calls: () => existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : [],
    ensure: (user: 'root' | 'somebody', ...args: string[]) => {
      const asUser = `data:text/javascript,process.getuid = () => ${user === 'root' ? 0 : 1000}`
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ['--import', asUser, ENSURE, ...args],
        {
          env: { PATH: folder },
          encoding: 'utf8'
        }
      )
      return { status, stdout, stderr }
    }
  }
}

t.test('prints nothing about installed programs', async (t) => {
  const { ensure, calls } = machine(t, {
    'redis-server': PRESENT,
    nginx: PRESENT,
    'apt-get': APT_GET
  })
  t.strictSame(ensure('root', 'redis-server', 'nginx'), { status: 0, stdout: '', stderr: '' })
  t.strictSame(calls(), [])
})

t.test('installs missing programs as root without starting their services', async (t) => {
  const { ensure, calls } = machine(t, { 'apt-get': APT_GET })
  t.strictSame(ensure('root', 'redis-server'), {
    status: 0,
    stdout: 'redis-server is not installed: installing with apt-get (no service is started)\n',
    stderr: ''
  })
  t.strictSame(calls(), [
    'update',
    'install -y --no-install-recommends redis-server',
    'invoke-rc.d does nothing',
    'deb-systemd-invoke does nothing',
    'deb-systemd-helper does nothing',
    'update-rc.d does nothing',
    'noninteractive'
  ])
})

t.test('installs through sudo if it needs no password', async (t) => {
  const { ensure, calls } = machine(t, { 'apt-get': APT_GET, sudo: SUDO })
  t.match(ensure('somebody', 'redis-server'), { status: 0, stderr: '' })
  t.match(calls(), [
    'sudo -n true',
    /^sudo -n env DEBIAN_FRONTEND=noninteractive .* apt-get .* update$/,
    'update',
    /^sudo -n env DEBIAN_FRONTEND=noninteractive .* apt-get .* install -y --no-install-recommends redis-server$/,
    'install -y --no-install-recommends redis-server'
  ])
})

t.test('prints the command if it must not install', async (t) => {
  for (const programs of [
    { 'apt-get': APT_GET },
    { 'apt-get': APT_GET, sudo: '#!/bin/sh\nexit 1\n' }
  ]) {
    const { ensure, calls } = machine(t, programs)
    t.strictSame(ensure('somebody', 'redis-server'), {
      status: 1,
      stdout: '',
      stderr:
        'redis-server is not installed, but installing needs root, and sudo asks for a password. Run this, then try again:\n' +
        '  sudo apt-get update && sudo apt-get install -y --no-install-recommends redis-server\n'
    })
    t.strictSame(calls(), [])
  }
})

t.test('Homebrew needs no root and has its own package names', async (t) => {
  const { ensure, calls } = machine(t, {
    brew: '#!/bin/sh\necho "brew $*" >> $CALLS\necho > $FOLDER/redis-server\n/bin/chmod +x $FOLDER/redis-server\n'
  })
  t.match(ensure('somebody', 'redis-server'), { status: 0, stderr: '' })
  t.strictSame(calls(), ['brew install --quiet redis'])
})

t.test('a failed installation prints the remedy', async (t) => {
  const fails = machine(t, { 'apt-get': '#!/bin/sh\necho "E: no network" >&2\nexit 100\n' })
  t.match(fails.ensure('root', 'redis-server'), {
    status: 1,
    stderr:
      /E: no network\napt-get failed, see above\. Run this yourself, then try again:\n {2}apt-get update && apt-get install .* redis-server\n$/
  })
  t.match(machine(t, { 'apt-get': PRESENT }).ensure('root', 'redis-server'), {
    status: 1, stderr: /^apt-get succeeded, but redis-server is still not on PATH/
  })
  t.match(machine(t, {}).ensure('root', 'redis-server'), {
    status: 1,
    stderr: /neither apt-get nor brew is available/
  })
})
