import { readdir } from 'node:fs/promises'
import t from 'tap'
import { freePort } from '@weir/internal/testing'
import { emptyApp, registryOf, runBeside, serve } from './install.js'

t.test('npm create weir@latest makes an app that is tested, running and cached', async (t) => {
  const registry = await registryOf(t)
  const cwd = await emptyApp(t, registry)
  // create-weir has no scope: npm requests every package from the local registry.
  const env = {
    npm_config_registry: registry.url,
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_yes: 'true'
  }
  const began = performance.now()
  const made = await runBeside(t, cwd, ['npm', 'create', 'weir@latest', 'my-app'], env)
  t.equal(made.status, 0, made.output)
  t.comment(`made and installed in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  t.match(made.output, /my-app is ready:[^]*cd my-app\n\s+npm test\n\s+npm start/)
  t.strictSame(
    (await readdir(`${cwd}/my-app`)).filter((name) => name.includes('ignore')),
    ['.gitignore']
  )

  const app = `${cwd}/my-app`
  const tests = await runBeside(t, app, ['npm', 'test'])
  t.equal(tests.status, 0, tests.output)
  t.match(tests.output, /pass 3\b/)

  const port = await freePort()
  const server = serve(t, app, 'dist/src/server.js', { PORT: String(port) })
  await server.line(/Server listening/)
  const ask = () => fetch(`http://127.0.0.1:${port}/products/kettle`)
  t.match((await ask()).headers.get('cache-status'), /fwd=uri-miss/)
  const hit = await ask()
  t.match(hit.headers.get('cache-status'), /; hit/)
  t.match(hit.headers.get('ratelimit'), /r=\d+/)
  server.process.kill('SIGTERM')
  await new Promise((resolve) => server.process.once('close', resolve))
  t.equal(server.process.exitCode, 0, 'SIGTERM closes it')
})
