import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The repository's root, with a trailing slash. */
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

/**
 * Compiles a module as if it were a file in the repository's root, where the packages resolve.
 * Returns the errors.
 */
export const problemsOf = (source: string): string[] => problemsOfAll([source]).flat()

/**
 * Compiles several modules, each on its own, in less time than one by one. Returns the errors of
 * each, in the same order.
 */
export function problemsOfAll (sources: readonly string[]): string[][] {
  const examples = new Map(sources.map((source, i) => [`${ROOT}readme-example-${i}.ts`, source]))
  const host = ts.createCompilerHost(OPTIONS)
  host.fileExists = (name) => examples.has(name) || ts.sys.fileExists(name)
  host.readFile = (name) => examples.get(name) ?? ts.sys.readFile(name)
  host.getSourceFile = (name, options) => {
    const known = parsed.get(name)
    if (known !== undefined) return known
    const text = host.readFile(name)
    if (text === undefined) return undefined
    const made = ts.createSourceFile(name, text, options)
    if (!examples.has(name)) parsed.set(name, made)
    return made
  }
  const program = previous = ts.createProgram([...examples.keys()], OPTIONS, host, previous)
  return [...examples].map(([file, source]) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map(
        ({ messageText, start = 0 }) =>
          `line ${source.slice(0, start).split('\n').length}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      )
  )
}

/** The code blocks of a document in this language, in order. */
export const blocksOf = (document: string, language: string): string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, code = '']) => code
  )
