import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-ports.js'
import type { Teardown } from './redis.js'

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** A real nginx that lives as long as the test. */
export interface TestNginx {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** Starts it again after `kill`, at the same address and with the same files. */
  start (): Promise<void>
  /** Kills it like a crash. */
  kill (): Promise<void>
  /** SIGSTOP and SIGCONT: connections stay open, nothing answers. */
  freeze (): void
  thaw (): void
}

/**
 * Starts an nginx with a cache and ngx_cache_purge in front of a server on this machine.
 * @param directives further ones of the location that caches; by default, misses are coalesced
 */
export async function startCachingNginx (
  t: Teardown, port: number, directives = 'proxy_cache_lock on;'
): Promise<TestNginx> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-nginx-'))
  await chmod(folder, 0o755)
  const own = await freePort()
  await writeFile(join(folder, 'nginx.conf'), `
    load_module /usr/lib/nginx/modules/ngx_http_cache_purge_module.so;
    daemon off; master_process off; error_log stderr notice; pid ${folder}/pid;
    events {}
    http {
      access_log off;
      ${TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      proxy_cache_path ${folder}/cache keys_zone=edge:1m;
      server {
        listen 127.0.0.1:${own};
        location ~ ^/weir-purge(/.*)$ {
          allow 127.0.0.1; deny all;
          add_header weir-purge 1 always;
          proxy_cache_purge edge $1$is_args$args;
        }
        location / {
          proxy_pass http://127.0.0.1:${port};
          proxy_cache edge;
          proxy_cache_key $uri$is_args$args;
          proxy_ignore_headers Cache-Control Expires;
          proxy_no_cache $upstream_http_vary;
          add_header x-cache $upstream_cache_status;
          ${directives}
        }
      }
    }`)
  let running: { signal: (name: NodeJS.Signals) => void, closed: Promise<unknown> } | undefined

  const start = async () => {
    const child = spawn('nginx', ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // Debian puts servers into folders that only root's PATH contains.
      env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin` }
    })
    const abandon = () => { child.kill('SIGKILL') }
    process.once('exit', abandon)
    const closed = once(child, 'close').then(() => process.off('exit', abandon))
    running = { signal: (name) => { child.kill(name) }, closed }
    let said = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-10_000)
        if (said.includes('using the')) resolve()
      })
      child.once('close', () => { reject(new Error(`nginx did not start:\n${said}`)) })
    })
  }
  const kill = async () => {
    running?.signal('SIGKILL')
    await running?.closed
    running = undefined
  }
  t.teardown(async () => {
    await kill()
    await rm(folder, { recursive: true, force: true })
  })
  await start()
  return {
    url: `http://127.0.0.1:${own}`,
    start,
    kill,
    freeze () { running?.signal('SIGSTOP') },
    thaw () { running?.signal('SIGCONT') }
  }
}
