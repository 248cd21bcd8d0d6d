import ts from 'typescript'

/** A function or member as described by its declaration. */
export interface Described {
  readonly name: string
  /** Parameters of the first overload; undefined if it is not a function. */
  readonly parameters: readonly string[] | undefined
  readonly text: string
  readonly returns: string | undefined
  readonly throws: string | undefined
  readonly examples: readonly string[]
}

type Declaration = ts.Node & { readonly name?: ts.Node }

/**
 * Reads the public functions of a source, and the members of its classes and interfaces, by name.
 */
export function describeSource (
  file: string,
  source: string
): ReadonlyMap<string, readonly Described[]> {
  const { statements } = ts.createSourceFile(file, source, ts.ScriptTarget.ESNext, true)
  const described = new Map<string, Described[]>()
  const visit = (nodes: readonly ts.Node[]) => {
    for (const node of nodes) {
      if (ts.isModuleDeclaration(node) && node.body !== undefined && ts.isModuleBlock(node.body)) {
        visit(node.body.statements)
      } else if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) {
        described.set(
          node.name?.text ?? '',
          [...node.members].filter(isPublic).flatMap((member) => describe(member))
        )
      } else if (ts.isVariableStatement(node)) {
        for (const { name, initializer } of node.declarationList.declarations) {
          const parameters =
            initializer !== undefined && ts.isArrowFunction(initializer)
              ? initializer.parameters
              : undefined
          add(described, describe(node, name.getText(), parameters))
        }
      } else if (ts.isFunctionDeclaration(node)) add(described, describe(node))
    }
  }
  visit(statements)
  return described
}

function add (described: Map<string, Described[]>, found: readonly Described[]): void {
  for (const one of found) if (!described.has(one.name)) described.set(one.name, [one])
}

/** Returns undefined for overloads after the first, which has the comment. */
function describe (
  node: Declaration,
  name = node.name?.getText() ?? '',
  parameters = ts.isFunctionLike(node) ? node.parameters : undefined
): Described[] {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  if (comment === undefined) return []
  const tags = (tag: string) =>
    (comment.tags ?? []).filter(({ tagName }) => tagName.text === tag).map(textOf)
  const names = parameters
    ?.map((parameter) => parameter.name.getText())
    .filter((parameter) => parameter !== 'this')
  const [returns] = [...tags('returns'), undefined]
  const [throws] = [...tags('throws'), undefined]
  return [
    {
      name,
      parameters: names,
      text: textOf(comment),
      returns,
      throws,
      examples: exampleTexts(comment)
    }
  ]
}

const isPublic = (member: Declaration) =>
  member.name !== undefined &&
  !ts.isPrivateIdentifier(member.name) &&
  !ts.isConstructorDeclaration(member)

const textOf = ({ comment }: ts.JSDoc | ts.JSDocTag) =>
  plain(ts.getTextOfJSDocComment(comment) ?? '')

/** Formats links and error codes as code. */
const plain = (text: string) =>
  text
    .replaceAll(/\{@link ([^}|\s]+)\s*\}/g, '`$1`')
    .replaceAll(/(?<!`)\bWEIR_[A-Z_]+/g, '`$&`')
    .trim()

/** Returns the code verbatim: the parser would take `@` for a tag and drop spaces. */
function exampleTexts (comment: ts.JSDoc): string[] {
  const lines = comment
    .getText()
    .split('\n')
    .map((line) => line.replace(/^\s*\*(?: |$)|^\/\*\* ?/, '').replace(/\s*\*\/$/, ''))
  const examples: string[][] = []
  let isWithin = false
  for (const line of lines) {
    if (/^@\w/.test(line)) isWithin = line.startsWith('@example')
    if (!isWithin) continue
    if (line.startsWith('@example')) examples.push([line.slice('@example'.length).trim()])
    else examples.at(-1)?.push(line.replace('\\@', '@'))
  }
  return examples.map((example) => example.join('\n').trim())
}
