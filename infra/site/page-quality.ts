/** Words that a page has to have in its HTML for a reader without JavaScript. */
const FEWEST_WORDS = 12

/**
 * Checks a built page as Lighthouse does, as far as its HTML tells: language, viewport, title and
 * description, one first heading, text alternatives of pictures, names of links and buttons, and
 * text that needs no JavaScript.
 */
export function qualityProblems (html: string): string[] {
  // The home page has no <main>.
  const [, main = ''] =
    /<main\b[^>]*>([^]*?)<\/main>/.exec(html) ?? /<body\b[^>]*>([^]*)/.exec(html) ?? []
  const words = main.replace(/<(script|style)[^]*?<\/\1>/g, '').replace(/<[^>]+>/g, ' ')
    .split(/\s+/).filter((word) => /[a-z]/i.test(word)).length
  const headings = html.match(/<h1\b/g)?.length ?? 0
  const checks: [boolean, string][] = [
    [/<html[^>]*\slang="[a-z]/.test(html), 'has no language'],
    [/<meta name="viewport"/.test(html), 'has no viewport'],
    [/<title>[^<]+<\/title>/.test(html), 'has no title'],
    [/<meta name="description" content="[^"]+"/.test(html), 'has no description'],
    [headings === 1, `has ${headings} first headings`],
    [words >= FEWEST_WORDS, `has ${words} words without JavaScript`],
    ...(html.match(/<img\b[^>]*>/g) ?? []).map((img): [boolean, string] =>
      [/\salt\b/.test(img), `has a picture without alt: ${img}`]
    ),
    ...[...html.matchAll(/<(a(?=[^>]*\shref=)|button)\b([^>]*)>([^]*?)<\/\1>/g)].map(
      ([, tag = '', attributes = '', content = '']): [boolean, string] => [
        // A script fills in the title of VitePress' theme switch.
        /\s(?:aria-label|aria-hidden|title)\b/.test(attributes) ||
          content.replace(/<(?!img\b[^>]*\salt="[^"])[^>]+>/g, '').trim() !== '',
        `has ${tag === 'a' ? 'a link' : 'a button'} without a name: <${tag}${attributes}>`
      ]
    )
  ]
  return checks.filter(([isMet]) => !isMet).map(([, problem]) => problem)
}
