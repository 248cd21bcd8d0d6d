import { useEffect, useState } from 'preact/hooks'

/** The time, ms since 1970, by the second: for what says how long ago something was. */
export function useNow (): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
