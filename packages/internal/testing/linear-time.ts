/** Length of the short text. Quadratic time over the long one is a large part of a second. */
const SHORT = 6_000
const LONG = 4 * SHORT
/** Linear time gives 4; sorting and a busy machine take somewhat more. Quadratic time gives 16. */
const MOST = 6
/** Milliseconds below which the clock and garbage collection outweigh the work. */
const LEAST = 12
/** Milliseconds from which a time is measured only once. */
const ENOUGH = 200
const ROUNDS = 5
/** Number of measurements before a text counts as slow. */
const ATTEMPTS = 3

/** Pieces of header fields and request targets that become most ambiguous when repeated. */
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
 * Finds texts that a parser takes more than linear time for.
 *
 * Compares texts of n and of 4n characters by the CPU time of the fastest of several rounds, so
 * that a busy machine does not matter.
 * @param read may throw: validity of the text is irrelevant
 * @returns a description of the first text found, or nothing
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

/** The time of the long text divided by that of the short one, in the best of several attempts. */
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

/** CPU time in milliseconds. */
function timeOf (read: (text: string) => unknown, text: string): number {
  const before = process.cpuUsage()
  try {
    read(text)
  } catch {
    // Rejecting the text is a valid outcome.
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
