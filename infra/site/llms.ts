import { readFile } from 'node:fs/promises'
import { ADDRESSES, SECTIONS } from './contents.js'

/**
 * Lists the contents of the site for programs that read it (https://llmstxt.org): a heading per
 * section, and a line per page with its first sentence.
 * @param root of the repository, with a trailing slash
 */
export async function llmsText (root: string): Promise<string> {
  const sections = await Promise.all(SECTIONS.map(async ({ text, pages }) => {
    const lines = await Promise.all(
      pages.map(
        async ({ text, file }) =>
          `- [${text}](/${ADDRESSES.get(file) ?? ''}): ${firstSentence(await readFile(root + file, 'utf8'))}`
      )
    )
    return `## ${text}\n\n${lines.join('\n')}`
  }))
  return `# Weir\n\n> ${firstSentence(await readFile(`${root}README.md`, 'utf8'))}\n\n${sections.join('\n\n')}\n`
}

/** The first sentence of the first paragraph, on one line, without link syntax. */
function firstSentence (page: string): string {
  const paragraph =
    page
      .replace(/^---\n[^]*?\n---\n/, '')
      .split(/\n{2,}/)
      .find((text) => /^[A-Z`*[]/.test(text)) ?? ''
  const text = paragraph.replaceAll('\n', ' ').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return /^.*?[.:](?= |$)/.exec(text)?.[0] ?? text
}
