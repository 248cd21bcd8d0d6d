import { createReadStream } from 'node:fs'
import { ImportError } from './import-error.js'

/**
 * Reads the text of a UTF-8 file in pieces, without its byte order mark; `onBytes` receives the
 * number of bytes read.
 */
export async function * readText (
  file: string,
  onBytes: (count: number) => void
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const chunks: AsyncIterable<Buffer> = createReadStream(file)
  let read = 0
  try {
    for await (const chunk of chunks) {
      yield decoder.decode(chunk, { stream: true })
      read += chunk.length
      onBytes(chunk.length)
    }
    yield decoder.decode()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new ImportError(
      `The file is not UTF-8 (after about ${read} bytes): save it as UTF-8 and try again.`,
      { cause: error }
    )
  }
}
