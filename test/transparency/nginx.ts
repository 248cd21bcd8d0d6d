import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { join } from 'node:path'

// Debian installs nginx in a folder that only root's PATH contains.
const PATH = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin`

/** An nginx in front of some servers. */
export interface Proxy {
  /** The sockets on which it takes requests for the servers, in the same order. */
  readonly sockets: readonly string[]
  readonly stop: () => Promise<void>
}

/** Starts nginx as a plain reverse proxy for servers on these ports. */
export async function startProxy (prefix: string, ports: readonly number[]): Promise<Proxy> {
  await mkdir(prefix, { recursive: true })
  const sockets = ports.map((_, i) => join(prefix, `${i}.sock`))
  const servers = ports.map((port, i) => `
    server {
      listen unix:${sockets[i]};
      location / {
        proxy_pass http://127.0.0.1:${port};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_pass_header Date;
        proxy_read_timeout 8s;
      }
    }`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(prefix, name)};`
  )
  const config = `
  daemon off;
  master_process off;
  pid ${join(prefix, 'nginx.pid')};
  error_log stderr notice;
  events {}
  http {
    access_log off;
    ${temporary.join('\n    ')}
    ${servers.join('')}
  }`
  const file = join(prefix, 'nginx.conf')
  await writeFile(file, config)
  const child = spawn('nginx', ['-e', 'stderr', '-p', prefix, '-c', file], {
    env: { ...process.env, PATH }, stdio: ['ignore', 'ignore', 'pipe']
  })
  const closed = once(child, 'close')
  const abandon = () => { child.kill('SIGKILL') }
  process.once('exit', abandon)
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line)
    if (/using the ".*" event method/.test(line)) break
  }
  if (child.exitCode !== null) throw new Error(`nginx did not start:\n${said.join('\n')}`)
  child.stderr.resume()
  return {
    sockets,
    async stop () {
      child.kill('SIGKILL')
      await closed
      process.off('exit', abandon)
    }
  }
}
