// Run as `node infra/dist/tools/bundle-console.js`. Bundles packages/console/ui for browsers into
// packages/console/dist/ui. Prints nothing on success.
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const path = (inConsole: string) =>
  fileURLToPath(new URL(`../../../packages/console/${inConsole}`, import.meta.url))
const target = path('dist/ui')

// esbuild prints each error with its location.
await build({
  entryPoints: [
    { in: path('ui/main.tsx'), out: 'main' },
    { in: path('ui/style/main.css'), out: 'main' }
  ],
  outdir: target,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'warning'
}).catch(() => {
  process.exitCode = 1
})
await cp(path('ui/static'), target, { recursive: true })
