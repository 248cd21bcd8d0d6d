import { readFile } from 'node:fs/promises'
import { CONTENTS, type Section } from './contents.js'
import { type Described, describeSource } from './doc-comment.js'

/** A method as documented on the page. */
export interface Method extends Described {
  readonly section: string
  readonly heading: string
}

const INTRODUCTION = `# Methods

Each method of application caching, from its doc comment: your editor shows the same. [A test](../test/methods.test.ts) runs every
example. Guides are in the READMEs of [@weir/cache](../packages/cache/README.md), [@weir/outbox](../packages/outbox/README.md),
[@weir/query](../packages/query/README.md) and [@weir/fastify](../plugins/README.md); [features](features.md) goes by the names that other
libraries use. \`npm run docs:methods\` writes this page.
`

/** Reads all methods from the sources. @param root the repository's, with a trailing slash */
export async function readMethods (root: string): Promise<readonly Method[]> {
  const methods = await Promise.all(CONTENTS.map(async (section) => {
    const described = describeSource(section.file, await readFile(root + section.file, 'utf8'))
    return found(section, described).map((one) => ({
      ...one,
      section: section.title,
      heading: headingOf(section, one)
    }))
  }))
  return methods.flat()
}

/** Renders the page of methods. */
export function renderPage (methods: readonly Method[]): string {
  const lines = [INTRODUCTION]
  let section = ''
  for (const method of methods) {
    if (method.section !== section) lines.push(`## ${section = method.section}\n`)
    lines.push(render(method))
  }
  return lines.join('\n')
}

function render ({ heading, text, returns, throws, examples }: Method): string {
  const paragraphs = [`### \`${heading}\``, text]
  if (returns !== undefined) paragraphs.push(`Returns ${returns}.`)
  if (throws !== undefined) paragraphs.push(`Throws ${throws}.`)
  return (
    [...paragraphs, ...examples.map((example) => `\`\`\`ts\n${example}\n\`\`\``)].join('\n\n') +
    '\n'
  )
}

function found (
  { file, of, only }: Section,
  described: ReadonlyMap<string, readonly Described[]>
): readonly Described[] {
  if (of === undefined) {
    return (only ?? []).map((name) => one(file, name, described.get(name)?.[0]))
  }
  const members = described.get(of) ?? []
  if (only === undefined) return members.length > 0 ? members : [one(file, of)]
  return only.map((name) =>
    one(
      file,
      name,
      members.find((member) => member.name === name)
    )
  )
}

function one (file: string, name: string, found?: Described): Described {
  if (found === undefined) throw new Error(`${file} has no ${name} with a doc comment`)
  return found
}

function headingOf ({ on }: Section, { name, parameters }: Described): string {
  const named = on === undefined ? name : `${on}.${name}`
  return parameters === undefined ? named : `${named}(${parameters.map(readable).join(', ')})`
}

/** Destructured parameters get a descriptive name. */
const readable = (parameter: string) => parameter.startsWith('{') ? 'options' : parameter
