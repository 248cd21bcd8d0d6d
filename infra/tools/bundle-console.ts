// node infra/dist/tools/bundle-console.js Makes of packages/console/ui what a browser gets:
// packages/console/dist/ui. Silent when all is well.
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const path = (inConsole: string) =>
  fileURLToPath(new URL(`../../../packages/console/${inConsole}`, import.meta.url))
const target = path('dist/ui')

// It prints what is wrong, and where.
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
