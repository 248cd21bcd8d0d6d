import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { type Manifest, nameOf } from './manifests.js'

/** Imports resolve as in a file of the repository's root. */
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  lib: ['lib.es5.d.ts'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true
}

/**
 * Checks objects strictly against the types of Kubernetes' API: unknown and missing fields, wrong
 * types. Returns the problems of each list. The compiler does it, on each object as a literal, so
 * neither a cluster nor schemas to keep up to date are needed.
 */
export function schemaProblems (lists: readonly (readonly Manifest[])[]): string[][] {
  const files = new Map(lists.map((list, i) => [
    join(ROOT, `kubernetes-manifests-${i}.ts`), list.map(asLiteral).join('\n')
  ]))
  const disk = ts.createCompilerHost(OPTIONS)
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => files.has(name) || disk.fileExists(name),
    readFile: (name) => files.get(name) ?? disk.readFile(name),
    getSourceFile (name, options, ...more) {
      const text = files.get(name)
      return text === undefined
        ? disk.getSourceFile(name, options, ...more)
        : ts.createSourceFile(name, text, options)
    }
  }
  const program = ts.createProgram([...files.keys()], OPTIONS, host)
  return [...files].map(([file, source]) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(
      ({ messageText, start = 0 }) => {
        const object = source.slice(0, start).split('\n').findLast((line) => line.startsWith('//'))
        const message = ts.flattenDiagnosticMessageText(messageText, ' ')
        return `${object?.slice(3) ?? ''}: ${message}`
      }
    )
  )
}

/** @example asLiteral({ apiVersion: 'apps/v1', kind: 'Deployment', … }) */
function asLiteral (object: Manifest): string {
  const { apiVersion = '', kind = '' } = object
  const module = apiVersion.includes('/') ? apiVersion.replace('.k8s.io', '') : `core/${apiVersion}`
  const type = `import('kubernetes-types/${module}.js').${kind}`
  return `// ${kind} ${nameOf(object)}\nexport const ${kind}_${nameOf(object).replace(/\W/g, '_')}: ${type} = ${
    JSON.stringify(object, null, 1)}`
}
