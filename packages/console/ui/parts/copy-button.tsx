import { useEffect, useState } from 'preact/hooks'

const SHOWN_MS = 2000

/**
 * Copies `text` to the clipboard and reports whether that worked.
 *
 * @param what name of the text, such as `curl` or `ETag`
 */
export function CopyButton ({ text, what }: { text: string, what: string }) {
  const [result, setResult] = useState<'copied' | 'failed'>()
  useEffect(() => {
    if (result === undefined) return
    const timer = setTimeout(() => setResult(undefined), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [result])
  const copy = () => {
    copied(text).then((isCopied) => setResult(isCopied ? 'copied' : 'failed')).catch(console.error)
  }
  return (
    <>
      <button class='button quiet compact' type='button' onClick={copy}>
        <Sheets />
        {result === undefined ? `Copy ${what}` : result === 'copied' ? 'Copied' : 'Not copied'}
      </button>
      <span class='unseen' role='status'>
        {result === undefined
          ? ''
          : `${what} ${result === 'copied' ? 'copied' : 'could not be copied'}`}
      </span>
    </>
  )
}

/** The copy icon: two overlapping sheets. */
const Sheets = () => (
  <svg class='icon' viewBox='0 0 16 16' aria-hidden='true'>
    <rect x='5.5' y='5.5' width='8' height='8' rx='1.5' />
    <path d='M10.5 2.5h-7a1 1 0 0 0-1 1v7' />
  </svg>
)

/**
 * Copies text. Browsers allow it only on HTTPS and localhost, and only with the user's permission.
 */
async function copied (text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
