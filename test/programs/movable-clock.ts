// Loaded before a program (--import), so that a test can move the wall clock that the program sees:
// told `{ advance: ms }`, it answers 'advanced'. What waits, and what is measured, goes on in real
// time.
const now = Date.now
let offset = 0

Date.now = () => now() + offset

process.on('message', (message) => {
  if (
    typeof message !== 'object' ||
    message === null ||
    !('advance' in message) ||
    typeof message.advance !== 'number'
  ) { return }
  offset += message.advance
  process.send?.('advanced')
})
