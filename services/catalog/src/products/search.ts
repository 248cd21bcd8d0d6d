/**
 * A text somebody typed, as an FTS5 expression: every word, each perhaps only begun. Whatever FTS5 would read as syntax
 * (quotes, `*`, `-`, `AND`) separates words here or is one. Undefined where the text has no word, so that nothing can match it.
 */
export function matchExpression (text: string): string | undefined {
  // What the index's tokenizer (unicode61) takes for a word.
  const words = text.match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu)
  return words?.map((word) => `"${word}"*`).join(' ')
}
