// node infra/dist/tools/bundle-console.js Makes of services/stats/console what a browser gets:
// services/stats/dist/console. Silent when all is well.
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const path = (inStats: string) =>
  fileURLToPath(new URL(`../../../services/stats/${inStats}`, import.meta.url))
const target = path('dist/console')

// It prints what is wrong, and where.
await build({
  entryPoints: [
    { in: path('console/main.tsx'), out: 'main' },
    { in: path('console/style/main.css'), out: 'main' }
  ],
  outdir: target,
  bundle: true,
  minify: true,
  sourcemap: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'warning'
}).catch(() => {
  process.exitCode = 1
})
await cp(path('console/static'), target, { recursive: true })
