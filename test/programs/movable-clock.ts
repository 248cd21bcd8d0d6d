// Preloaded (--import), so that a test can move the wall clock of the program: on a message `{
// advance: ms }` it answers 'advanced'. Timers and measurements continue in real time.
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
