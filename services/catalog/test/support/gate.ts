/** Returns a promise that the test resolves. */
export function gate () {
  let open: () => void = () => {}
  const passed = new Promise<void>((resolve) => { open = resolve })
  return { open, passed }
}
