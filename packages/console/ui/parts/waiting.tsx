import { type ComponentChildren } from 'preact'

/** Something takes its time. */
export const Waiting = ({ children }: { children: ComponentChildren }) => (
  <div class='waiting' role='status'>
    <span>{children}</span>
    <div class='progress' aria-hidden='true' />
  </div>
)
