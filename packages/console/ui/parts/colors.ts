/**
 * Resolves a color token, including `light-dark()`, to a color that a canvas accepts.
 *
 * @example resolved('l1') // 'rgb(13, …)'
 */
export function resolved (token: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(--${token})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
