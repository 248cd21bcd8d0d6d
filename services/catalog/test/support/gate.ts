/** Something to wait for until the test says so. */
export function gate () {
  let open: () => void = () => {}
  const passed = new Promise<void>((resolve) => { open = resolve })
  return { open, passed }
}
