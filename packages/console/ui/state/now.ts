import { useEffect, useState } from 'preact/hooks'

/** Returns the time in ms since 1970, updated every second, for relative times. */
export function useNow (): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
