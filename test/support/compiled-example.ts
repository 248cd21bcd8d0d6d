import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The repository's root, with a slash at the end. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The strictest options of the compiler; libraries are not checked. */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  noEmit: true
}

/** Libraries and packages, which are the same for every example: parsed once. */
const parsed = new Map<string, ts.SourceFile>()
let previous: ts.Program | undefined

/** Compiles a module as if it were a file in the repository's root, where the packages are found. Returns what is wrong with it. */
export function problemsOf (source: string): string[] {
  const file = `${ROOT}readme-example.ts`
  const host = ts.createCompilerHost(OPTIONS)
  host.fileExists = (name) => name === file || ts.sys.fileExists(name)
  host.readFile = (name) => name === file ? source : ts.sys.readFile(name)
  host.getSourceFile = (name, options) => {
    const known = parsed.get(name)
    if (known !== undefined) return known
    const text = host.readFile(name)
    if (text === undefined) return undefined
    const made = ts.createSourceFile(name, text, options)
    if (name !== file) parsed.set(name, made)
    return made
  }
  previous = ts.createProgram([file], OPTIONS, host, previous)
  return ts.getPreEmitDiagnostics(previous).map(({ messageText, start = 0 }) =>
    `line ${source.slice(0, start).split('\n').length}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}

/** The code of a document in this language, in its order. */
export const blocksOf = (document: string, language: string): string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code)
