/**
 * Shows a different value of a property than the object's own code, which may also write it.
 * @param seen returns the value to show for the actual one
 * @returns the actual value
 */
export function shadow (
  object: object,
  name: string,
  seen: (actual: boolean) => boolean
): () => boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  let own = Object.hasOwn(object, name) ? Reflect.get(object, name) === true : undefined
  const actual = () => own ?? Reflect.get(prototype as object, name, object) === true
  Object.defineProperty(object, name, {
    get: () => seen(actual()),
    set (value: unknown) {
      own = value === true
    },
    configurable: true
  })
  return actual
}
