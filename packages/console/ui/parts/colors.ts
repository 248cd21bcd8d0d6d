/**
 * A color of the tokens as a canvas takes it: what `light-dark()` comes to at the moment. @example
 * resolved('l1') // 'rgb(13, …)'
 */
export function resolved (token: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(--${token})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
