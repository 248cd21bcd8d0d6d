import { openFile } from '../src/open-file.js'

// Opens each file that it is told of, and says what became of it.
process.on('message', (file: string) => {
  try {
    openFile(file, { timeout: 2000 }).close()
    process.send?.('opened')
  } catch (error) {
    process.send?.(String(error))
  }
})
process.send?.('ready')
