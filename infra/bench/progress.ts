/** Reports progress: on a terminal as one line that changes, otherwise as one line per step. */
export function progress (stream: NodeJS.WriteStream): {
  say: (what: string) => void
  done: () => void
} {
  if (!stream.isTTY) {
    return {
      say: (what) => {
        stream.write(`${what}\n`)
      },
      done: () => {}
    }
  }
  const clear = '\r\u001b[K'
  return {
    say: (what) => {
      stream.write(`${clear}${what.slice(0, stream.columns - 1)}`)
    },
    done: () => {
      stream.write(clear)
    }
  }
}
