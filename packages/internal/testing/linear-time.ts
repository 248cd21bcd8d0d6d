/** The short text's length. Quadratic time over the long one is a large part of a second. */
const SHORT = 6_000
const LONG = 4 * SHORT
/** Linear time is 4; sorting and a busy machine take some more. Quadratic time is 16. */
const MOST = 6
/** Milliseconds: below it the clock and garbage collection count for more than the work. */
const LEAST = 12
/** Milliseconds: a time as long is measured once. */
const ENOUGH = 200
const ROUNDS = 5
/** Measured as often before a text counts as slow. */
const ATTEMPTS = 3

/**
 * Pieces of header fields and request targets that make the most of ambiguous syntax when repeated.
 */
const PIECES: readonly string[] = [
  ',',
  ' ',
  '\t',
  ', ',
  ' ,a',
  '"',
  '\\',
  '\\"',
  '"\\',
  '",',
  ',"',
  '="',
  'a="',
  'a="b,',
  'a=",',
  '"a',
  'a',
  'a,',
  'a ',
  'a;',
  ';',
  '=',
  'a=',
  'a=b, ',
  '"a", ',
  'W/"',
  '"" ',
  '*',
  '*,',
  'q=0,',
  ';q=0.1,',
  'a;q=1,',
  '0',
  '0-',
  '-1,',
  '0.',
  '/',
  '//',
  '/.',
  '../',
  '/..',
  './',
  '%',
  '%2',
  '%61',
  '%2f',
  '?',
  '&',
  'a&',
  '#',
  ':',
  ':0',
  '@',
  '[',
  'é',
  '\ud83d',
  '\u0000',
  '\n',
  '{',
  '{a',
  '(',
  '(a ',
  '(a) ',
  ':YQ==:',
  'no-cache ',
  'identity ',
  '*;q=0 '
]
const STARTS: readonly string[] = ['', '"', 'a']
const ENDS: readonly string[] = ['', 'a', '"']

/**
 * Finds text that a reader takes more than linear time for: text of n and of 4n characters is
 * compared by the CPU time that the fastest of some rounds takes, so that a busy machine does not
 * matter.
 * @param read may throw: whether the text is valid is not the question
 * @returns descriptions of the first text found, or nothing
 * @example t.strictSame(slowTexts((text) => parseCacheControl(text)), [])
 */
export function slowTexts (read: (text: string) => unknown): string[] {
  for (const start of STARTS) {
    for (const piece of PIECES) {
      for (const end of ENDS) {
        const text = (length: number) =>
          start + piece.repeat(Math.ceil(length / piece.length)) + end
        if (timeOf(read, text(LONG)) < LEAST) continue
        const ratio = slowness(read, text)
        const shown = [start, piece, end].map((part) => JSON.stringify(part)).join(' ')
        if (ratio > MOST) {
          return [`${shown}: ${ratio.toFixed(1)} times as long for 4 times the text`]
        }
      }
    }
  }
  return []
}

/** The time of the long text divided by that of the short one, in the best of some attempts. */
function slowness (read: (text: string) => unknown, text: (length: number) => string): number {
  let least = Infinity
  for (let attempt = 0; attempt < ATTEMPTS && least > MOST; attempt++) {
    const long = fastestOf(read, text(LONG))
    if (long < LEAST) return 0
    least = Math.min(least, long / Math.max(fastestOf(read, text(SHORT)), LEAST / MOST))
  }
  return least
}

function fastestOf (read: (text: string) => unknown, text: string): number {
  let fastest = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    fastest = Math.min(fastest, timeOf(read, text))
    if (fastest > ENOUGH) break
  }
  return fastest
}

/** CPU time, in milliseconds. */
function timeOf (read: (text: string) => unknown, text: string): number {
  const before = process.cpuUsage()
  try {
    read(text)
  } catch {
    // Refusing the text is an answer, too.
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
