/** Pronouns, and prepositions that delay the subject. */
const WORDS = [
  'Who Whom Whose Whoever What Whatever Which That Where How He She His Her It Its They Their Them',
  'Nobody Somebody Anybody Everybody Someone Anyone Everyone',
  'As Of In On At By From With To For Under Over Beside Besides Until Without Within Between',
  'Upon Into Through Against Among Beneath'
].join(' ').split(' ')
const START = new RegExp(`^[*\\s]*(${WORDS.join('|')})(?=[\\s,])`)

/**
 * Reports comments that begin with a pronoun or a preposition: a comment names its subject first.
 * Consecutive line comments are one comment.
 */
export const commentStart = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { start: 'A comment begins with its subject, not with "{{word}}".' }
  },
  create: (context) => ({
    Program () {
      let above
      for (const comment of context.sourceCode.getAllComments()) {
        const continues = comment.type === 'Line' && above?.type === 'Line' &&
          above.loc.end.line === comment.loc.start.line - 1 &&
          above.loc.start.column === comment.loc.start.column
        above = comment
        const [, word] = continues ? [] : START.exec(comment.value) ?? []
        if (word !== undefined) context.report({ loc: comment.loc, messageId: 'start', data: { word } })
      }
    }
  })
}
