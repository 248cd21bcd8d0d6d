import { type ComponentChildren } from 'preact'

/** A note that something is in progress. */
export const Waiting = ({ children }: { children: ComponentChildren }) => (
  <div class='waiting' role='status'>
    <span>{children}</span>
    <div class='progress' aria-hidden='true' />
  </div>
)
