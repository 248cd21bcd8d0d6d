import { useEffect, useState } from 'preact/hooks'
import { type Stored } from '../model/stored.js'

/** Returns the value and re-renders the view after each change. */
export function useStored<T> (stored: Stored<T>): T {
  // The initializer is a function because the value may itself be a function.
  const [value, setValue] = useState(() => stored.get())
  useEffect(() => {
    const take = () => setValue(() => stored.get())
    // The value may have changed since rendering.
    take()
    return stored.subscribe(take)
  }, [stored])
  return value
}
