import { clockMs, type Words as Sentence } from '../../model/journal.js'

/** A sentence with its times in local time. */
export const Words = ({ words }: { words: Sentence }) => (
  <>
    {words.map((part, index) =>
      typeof part === 'string'
        ? part
        : <time key={index} dateTime={new Date(part.at).toISOString()}>{clockMs(part.at)}</time>)}
  </>
)
